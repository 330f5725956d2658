// A private endpoint in the virtual network for one resource, and its names.
param location string
param tags { *: string }
param name string
param subnetId string
param resourceId string
param groupId string
param dnsZoneIds string[]

resource endpoint 'Microsoft.Network/privateEndpoints@2026-03-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      {
        name: groupId
        properties: {
          privateLinkServiceId: resourceId
          groupIds: [groupId]
        }
      }
    ]
  }
}

resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2026-03-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      for (zoneId, index) in dnsZoneIds: {
        name: 'zone-${index}'
        properties: { privateDnsZoneId: zoneId }
      }
    ]
  }
}
