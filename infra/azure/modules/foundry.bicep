// Azure AI Foundry: an account, a project and the model that makes the vectors. No keys: Entra alone opens it.
param location string
param tags object
param name string
param projectName string
param deploymentName string
param deploymentSku string
param capacity int
param userGroups array
param servicePrincipalObjectId string

@description('Empty: reached by public addresses, from allowedAddresses alone.')
param subnetId string
param dnsZoneIds array
param allowedAddresses array
param workspaceId string

var isPrivate = !empty(subnetId)

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  // checkov:skip=CKV_AZURE_134: public only where the parameter file says firewalled, and then denied but for allowedAddresses
  name: name
  location: location
  tags: tags
  kind: 'AIServices'
  sku: { name: 'S0' }
  identity: { type: 'SystemAssigned' }
  properties: {
    allowProjectManagement: true
    customSubDomainName: name // what tokens of Entra are asked for
    disableLocalAuth: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: 'Deny'
      ipRules: [for address in allowedAddresses: { value: address }]
    }
    restrictOutboundNetworkAccess: true
    allowedFqdnList: []
  }
}

resource project 'Microsoft.CognitiveServices/accounts/projects@2025-06-01' = {
  parent: account
  name: projectName
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    displayName: 'Zava sales'
    description: 'Search of Zava Retail\'s products by meaning'
  }
}

resource embeddings 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = {
  parent: account
  name: deploymentName
  sku: { name: deploymentSku, capacity: capacity }
  properties: {
    model: { format: 'OpenAI', name: 'text-embedding-3-small', version: '1' }
    // vectors of two versions cannot be compared: a new one is a decision, followed by `zava-mcp embed`
    versionUpgradeOption: 'NoAutoUpgrade'
  }
  dependsOn: [project] // the account changes one thing at a time
}

// Cognitive Services OpenAI User: may ask the model, and nothing else.
var openAiUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd')

resource groupsMayAsk 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for objectId in userGroups: {
    scope: account
    name: guid(account.id, objectId, openAiUser)
    properties: { principalId: objectId, principalType: 'Group', roleDefinitionId: openAiUser }
  }
]

resource principalMayAsk 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(servicePrincipalObjectId)) {
  scope: account
  name: guid(account.id, servicePrincipalObjectId, openAiUser)
  properties: {
    principalId: servicePrincipalObjectId
    principalType: 'ServicePrincipal'
    roleDefinitionId: openAiUser
  }
}

module endpoint 'endpoint.bicep' = if (isPrivate) {
  name: 'foundry-endpoint'
  params: {
    location: location
    tags: tags
    name: 'pe-${name}'
    subnetId: subnetId
    resourceId: account.id
    groupId: 'account'
    dnsZoneIds: dnsZoneIds
  }
  dependsOn: [embeddings]
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output endpoint string = 'https://${account.properties.customSubDomainName}.openai.azure.com/'
output deploymentName string = embeddings.name
