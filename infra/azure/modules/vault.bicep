// Key Vault that stores generated passwords until their owners have fetched them.
param location string
param tags { *: string }
param name string
param retentionDays int
param keeperObjectId string
@allowed(['Group', 'User', 'ServicePrincipal'])
param keeperType string
param readerObjectId string

@description('false: reached by public addresses, from allowedAddresses alone.')
param isPrivate bool
param subnetId string
param dnsZoneId string
param allowedAddresses string[]
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2026-05-15' = {
  // checkov:skip=CKV_AZURE_189: public only in firewalled environments, where all but allowedAddresses is denied
  name: name
  location: location
  tags: tags
  properties: {
    sku: { family: 'A', name: 'standard' }
    tenantId: tenant().tenantId
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: retentionDays
    enablePurgeProtection: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: 'Deny'
      ipRules: [for address in allowedAddresses: { value: '${address}/32' }]
    }
  }
}

// Key Vault Secrets Officer: the administrators put passwords in.
var officerId = 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
var secretsOfficer = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', officerId)
// Key Vault Secrets User: reads them, and cannot list, change or delete them.
var userId = '4633458b-17de-408a-b874-0445c86b69e6'
var secretsUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', userId)

resource keeper 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, keeperObjectId, secretsOfficer)
  properties: { principalId: keeperObjectId, principalType: keeperType, roleDefinitionId: secretsOfficer }
}

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(readerObjectId)) {
  scope: vault
  name: guid(vault.id, readerObjectId, secretsUser)
  properties: { principalId: readerObjectId, principalType: 'ServicePrincipal', roleDefinitionId: secretsUser }
}

module endpoint 'endpoint.bicep' = if (isPrivate) {
  params: {
    location: location
    tags: tags
    name: 'pe-${name}'
    subnetId: subnetId
    resourceId: vault.id
    groupId: 'vault'
    dnsZoneIds: [dnsZoneId]
  }
}

#disable-next-line use-recent-api-versions // the newest stable version, 2016-09-01, has no categoryGroup
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AuditEvent', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}
