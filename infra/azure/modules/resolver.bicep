// A DNS server inside the virtual network, for clients that reach the network but not its own DNS.
param location string
param tags { *: string }
param networkName string
param subnetPrefix string
param address string
param guardId string

resource network 'Microsoft.Network/virtualNetworks@2026-03-01' existing = {
  name: networkName
}

resource subnet 'Microsoft.Network/virtualNetworks/subnets@2026-03-01' = {
  parent: network
  name: 'resolver'
  properties: {
    addressPrefix: subnetPrefix
    networkSecurityGroup: { id: guardId }
    delegations: [
      {
        name: 'resolver'
        properties: { serviceName: 'Microsoft.Network/dnsResolvers' }
      }
    ]
  }
}

resource resolver 'Microsoft.Network/dnsResolvers@2025-05-01' = {
  name: 'dnspr-${networkName}'
  location: location
  tags: tags
  properties: {
    virtualNetwork: { id: network.id }
  }
}

resource inbound 'Microsoft.Network/dnsResolvers/inboundEndpoints@2025-05-01' = {
  parent: resolver
  name: 'inbound'
  location: location
  tags: tags
  properties: {
    ipConfigurations: [
      {
        privateIpAllocationMethod: 'Static'
        privateIpAddress: address
        subnet: { id: subnet.id }
      }
    ]
  }
}
