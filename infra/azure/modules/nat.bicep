// Outbound internet access for a subnet whose machines have no public address.
param location string
param tags { *: string }
param name string

resource address 'Microsoft.Network/publicIPAddresses@2026-03-01' = {
  name: 'pip-nat-${name}'
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Regional' }
  properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4' }
}

resource gateway 'Microsoft.Network/natGateways@2026-03-01' = {
  name: 'nat-${name}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: {
    idleTimeoutInMinutes: 4
    publicIpAddresses: [{ id: address.id }]
  }
}

output id string = gateway.id
