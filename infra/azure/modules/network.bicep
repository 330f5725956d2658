// A virtual network with room for the database and for private ways to the model and the vault.
param location string
param tags object
param name string
param base string
param databaseName string

resource guard 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: 'nsg-${name}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'postgresql-and-https-from-the-network'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'VirtualNetwork'
          sourcePortRange: '*'
          destinationAddressPrefix: '${base}.0/24'
          destinationPortRanges: ['443', '5432', '6432']
        }
      }
      {
        name: 'nothing-else'
        properties: {
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['${base}.0/24'] }
    subnets: [
      {
        name: 'database'
        properties: {
          addressPrefix: '${base}.0/26'
          networkSecurityGroup: { id: guard.id }
          delegations: [
            {
              name: 'postgresql'
              properties: { serviceName: 'Microsoft.DBforPostgreSQL/flexibleServers' }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: '${base}.64/26'
          networkSecurityGroup: { id: guard.id }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
      {
        // for what runs beside the database: a jump host, a build agent, a VPN gateway's clients
        name: 'desks'
        properties: {
          addressPrefix: '${base}.128/26'
          networkSecurityGroup: { id: guard.id }
          defaultOutboundAccess: false
        }
      }
    ]
  }
}

var foundryZones = [
  'privatelink.cognitiveservices.azure.com'
  'privatelink.openai.azure.com'
  'privatelink.services.ai.azure.com'
]
// Azure wants the database's own zone to end like this, and not to begin with the server's name alone.
var zones = concat(['${databaseName}.private.postgres.database.azure.com', 'privatelink.vaultcore.azure.net'], foundryZones)

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zoneName in zones: {
    name: zoneName
    location: 'global'
    tags: tags
  }
]

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zoneName, index) in zones: {
    parent: zone[index]
    name: name
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: network.id }
    }
  }
]

output databaseSubnetId string = network.properties.subnets[0].id
output endpointSubnetId string = network.properties.subnets[1].id
// through the links, so that nobody asks for a name before it can be resolved
output databaseZoneId string = replace(link[0].id, '/virtualNetworkLinks/${name}', '')
output vaultZoneId string = replace(link[1].id, '/virtualNetworkLinks/${name}', '')
output foundryZoneIds array = [for (zoneName, index) in foundryZones: zone[index + 2].id]
