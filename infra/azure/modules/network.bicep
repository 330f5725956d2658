// A virtual network with subnets for the database, for private endpoints and for client machines.
param location string
param tags { *: string }
param name string
param base string
param databaseName string
param natGateway bool
param dnsResolver bool

resource guard 'Microsoft.Network/networkSecurityGroups@2026-03-01' = {
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

// Without the property `subnets`: a deployment does not change subnets that were added later, such as a gateway's.
// The addresses from .224 are free for one.
resource network 'Microsoft.Network/virtualNetworks@2026-03-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['${base}.0/24'] }
  }
}

// One after the other: the network refuses a change while another is under way.
resource databaseSubnet 'Microsoft.Network/virtualNetworks/subnets@2026-03-01' = {
  parent: network
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

resource endpointSubnet 'Microsoft.Network/virtualNetworks/subnets@2026-03-01' = {
  parent: network
  name: 'endpoints'
  properties: {
    addressPrefix: '${base}.64/26'
    networkSecurityGroup: { id: guard.id }
    privateEndpointNetworkPolicies: 'Enabled'
    defaultOutboundAccess: false
  }
  dependsOn: [databaseSubnet]
}

module nat 'nat.bicep' = if (natGateway) {
  params: {
    location: location
    tags: tags
    name: name
  }
}

// For what runs beside the database: a jump host, a build agent. They download packages and sign in to Entra, so
// they need outbound access, which Azure does not give new subnets by default.
resource clientSubnet 'Microsoft.Network/virtualNetworks/subnets@2026-03-01' = {
  parent: network
  name: 'clients'
  properties: {
    addressPrefix: '${base}.128/26'
    networkSecurityGroup: { id: guard.id }
    natGateway: natGateway ? { id: nat!.outputs.id } : null
    defaultOutboundAccess: false
  }
  dependsOn: [endpointSubnet]
}

// VPN clients cannot reach the network's own DNS, so they resolve private names with this server.
var resolverAddress = '${base}.196' // the first of its subnet that Azure does not keep for itself

module resolver 'resolver.bicep' = if (dnsResolver) {
  params: {
    location: location
    tags: tags
    networkName: name
    subnetPrefix: '${base}.192/28'
    address: resolverAddress
    guardId: guard.id
  }
  dependsOn: [clientSubnet]
}

var foundryZones = [
  'privatelink.cognitiveservices.azure.com'
  'privatelink.openai.azure.com'
  'privatelink.services.ai.azure.com'
]
// Azure wants the database's own zone to end like this, and not to begin with the server's name alone.
var databaseZone = '${databaseName}.private.postgres.database.azure.com'
var zones = concat([databaseZone, 'privatelink.vaultcore.azure.net'], foundryZones)

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

output databaseSubnetId string = databaseSubnet.id
output endpointSubnetId string = endpointSubnet.id
// Taken from the links, so that dependent resources wait until names can be resolved.
output databaseZoneId string = replace(link[0].id, '/virtualNetworkLinks/${name}', '')
output vaultZoneId string = replace(link[1].id, '/virtualNetworkLinks/${name}', '')
output foundryZoneIds string[] = [for (zoneName, index) in foundryZones: zone[index + 2].id]
output dnsServer string = dnsResolver ? resolverAddress : ''
