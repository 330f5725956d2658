// A private way from the virtual network to one resource, with its names.
param location string
param tags object
param name string
param subnetId string
param resourceId string
param groupId string
param dnsZoneIds array

resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
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

resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = {
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
