// Azure AI Foundry: an account, a project and an embedding model. No keys: clients sign in with Entra.
param location string
param tags { *: string }
param name string
param projectName string
param projectDisplayName string
param projectDescription string
param deploymentName string
param deploymentSku string
param capacity int
param otherModels object[] // main.bicep says what each has
param administratorObjectId string
param administratorType string
param userGroups string[]
param servicePrincipalObjectId string

@description('false: reached by public addresses, from allowedAddresses alone.')
param isPrivate bool
param subnetId string
param dnsZoneIds string[]
param allowedAddresses string[]
param workspaceId string

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  // checkov:skip=CKV_AZURE_134: public only in firewalled environments, where all but allowedAddresses is denied
  name: name
  location: location
  tags: tags
  kind: 'AIServices'
  sku: { name: 'S0' }
  identity: { type: 'SystemAssigned' }
  properties: {
    allowProjectManagement: true
    customSubDomainName: name // Entra tokens require a custom subdomain.
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
    displayName: projectDisplayName
    description: projectDescription
  }
}

resource embeddings 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = {
  parent: account
  name: deploymentName
  sku: { name: deploymentSku, capacity: capacity }
  properties: {
    model: { format: 'OpenAI', name: 'text-embedding-3-small', version: '1' }
    // embeddings of two versions cannot be compared: a new one is a decision, followed by `zava-mcp embed`
    versionUpgradeOption: 'NoAutoUpgrade'
  }
  dependsOn: [project] // The service rejects concurrent changes of an account.
}

@batchSize(1)
resource deployments 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = [
  for other in otherModels: {
    parent: account
    name: other.name
    sku: { name: other.sku, capacity: other.capacity }
    properties: {
      model: { format: other.format, name: other.name, version: other.version }
      versionUpgradeOption: 'OnceCurrentVersionExpired'
    }
    dependsOn: [embeddings]
  }
]

// Azure AI User: may work in the project, such as with agents, and call its models.
var aiUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '53ca6127-db72-4b80-b1b0-d745d6d5456d')

// Cognitive Services OpenAI User: may call the models, and nothing else.
var openAiUserId = '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
var openAiUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', openAiUserId)

resource administratorsMayAsk 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [openAiUser, aiUser]: { // `zava-mcp embed` needs the first
    scope: account
    name: guid(account.id, administratorObjectId, role)
    properties: { principalId: administratorObjectId, principalType: administratorType, roleDefinitionId: role }
  }
]

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

#disable-next-line use-recent-api-versions // the newest stable version, 2016-09-01, has no categoryGroup
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
output projectEndpoint string = 'https://${name}.services.ai.azure.com/api/projects/${projectName}'
