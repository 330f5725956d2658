// Everything zava-mcp needs in one Azure subscription: a database, a model for the vectors, a place for passwords,
// and somewhere to send telemetry. Names, tags and who may do what are decided here; the modules only build.
targetScope = 'subscription'

@description('Which environment this is: a part of every name and a tag.')
@minLength(2)
@maxLength(7)
param environmentName string

@description('Region of everything.')
param location string

@description('Ends names that must be unique in the whole cloud. Empty: made of subscription, environment and region, always the same.')
@maxLength(8)
param suffix string = ''

@description('Object id in Entra of the group (or person) that administers: owner of the database, keeper of the passwords.')
@minLength(36)
@maxLength(36)
param administratorObjectId string

@description('Its name: the group\'s display name or the person\'s user principal name. It is the admin login\'s name, too.')
param administratorName string

@allowed(['Group', 'User', 'ServicePrincipal'])
param administratorType string = 'Group'

@description('Object ids of Entra groups whose members may make vectors.')
param analystGroups array = []

@description('Object id of a service principal that may make vectors, for desks that have no Entra sign-in of their own.')
param servicePrincipalObjectId string = ''

@description('Object id of a service principal or identity that may read the vault\'s passwords, such as a pipeline.')
param secretReaderObjectId string = ''

@description('private: inside a virtual network only. firewalled: public addresses, open to allowedAddresses alone.')
@allowed(['private', 'firewalled'])
param networkAccess string

@description('With firewalled: IPv4 addresses that may connect.')
param allowedAddresses array = []

@description('With private: the first three numbers of the virtual network\'s addresses, a /24 that no network peered with it uses.')
param networkBase string = '10.80.0'

@description('Whether logins may have passwords. Without, people connect with their Entra sign-in alone.')
param passwordAuthentication bool

@description('Compute of the database server, such as Standard_B2s or Standard_D4ds_v5.')
param databaseSku string

@allowed([32, 64, 128, 256, 512, 1024, 2048, 4096])
param databaseStorageGB int

@minValue(7)
@maxValue(35)
param backupRetentionDays int

@description('Whether backups are also kept in the paired region. Cannot be changed later.')
param geoRedundantBackup bool

@allowed(['Disabled', 'SameZone', 'ZoneRedundant'])
param highAvailability string

@description('Thousands of tokens a minute that the embedding model may take.')
@minValue(1)
param embeddingCapacity int

@description('Where questions are computed: in the region, in its data zone (the EU, the US), or anywhere. Not every region has the first.')
@allowed(['Standard', 'DataZoneStandard', 'GlobalStandard'])
param embeddingSku string = 'DataZoneStandard'

@minValue(30)
@maxValue(730)
param logRetentionDays int

@description('Who is told of alerts. None: alerts are only seen in the portal.')
param alertEmail string = ''

@description('More tags, on everything.')
param tags object = {}

// ── names and tags: nowhere else ──────────────────────────────────────────────
var stem = 'zava-${environmentName}'
var ending = empty(suffix) ? substring(uniqueString(subscription().subscriptionId, environmentName, location), 0, 6) : suffix
var names = {
  resourceGroup: 'rg-${stem}'
  network: 'vnet-${stem}'
  database: 'psql-${stem}-${ending}'
  foundry: 'ai-${stem}-${ending}'
  project: 'sales'
  embeddings: 'text-embedding-3-small'
  vault: 'kv-${stem}-${ending}' // 24 characters are the most a vault's name may have
  logs: 'log-${stem}'
  insights: 'appi-${stem}'
  alerts: 'ag-${stem}'
}
var allTags = union({ application: 'zava-mcp', environment: environmentName, 'managed-by': 'infra/azure' }, tags)

var isPrivate = networkAccess == 'private'
var openTo = isPrivate ? [] : allowedAddresses

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: names.resourceGroup
  location: location
  tags: allTags
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  name: 'monitoring'
  params: {
    location: location
    tags: allTags
    logsName: names.logs
    insightsName: names.insights
    retentionDays: logRetentionDays
  }
}

module network 'modules/network.bicep' = if (isPrivate) {
  scope: group
  name: 'network'
  params: {
    location: location
    tags: allTags
    name: names.network
    base: networkBase
    databaseName: names.database
  }
}

module database 'modules/database.bicep' = {
  scope: group
  name: 'database'
  params: {
    location: location
    tags: allTags
    name: names.database
    sku: databaseSku
    storageGB: databaseStorageGB
    backupRetentionDays: backupRetentionDays
    geoRedundantBackup: geoRedundantBackup
    highAvailability: highAvailability
    passwordAuthentication: passwordAuthentication
    administratorObjectId: administratorObjectId
    administratorName: administratorName
    administratorType: administratorType
    subnetId: isPrivate ? network!.outputs.databaseSubnetId : ''
    dnsZoneId: isPrivate ? network!.outputs.databaseZoneId : ''
    allowedAddresses: openTo
    workspaceId: monitoring.outputs.workspaceId
  }
}

module foundry 'modules/foundry.bicep' = {
  scope: group
  name: 'foundry'
  params: {
    location: location
    tags: allTags
    name: names.foundry
    projectName: names.project
    deploymentName: names.embeddings
    deploymentSku: embeddingSku
    capacity: embeddingCapacity
    userGroups: analystGroups
    servicePrincipalObjectId: servicePrincipalObjectId
    subnetId: isPrivate ? network!.outputs.endpointSubnetId : ''
    dnsZoneIds: isPrivate ? network!.outputs.foundryZoneIds : []
    allowedAddresses: openTo
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  name: 'vault'
  params: {
    location: location
    tags: allTags
    name: names.vault
    keeperObjectId: administratorObjectId
    keeperType: administratorType
    readerObjectId: secretReaderObjectId
    subnetId: isPrivate ? network!.outputs.endpointSubnetId : ''
    dnsZoneId: isPrivate ? network!.outputs.vaultZoneId : ''
    allowedAddresses: openTo
    workspaceId: monitoring.outputs.workspaceId
  }
}

module alerts '../telemetry/alerts.bicep' = {
  scope: group
  name: 'alerts'
  params: {
    location: location
    tags: allTags
    groupName: names.alerts
    email: alertEmail
    workspaceId: monitoring.outputs.workspaceId
    databaseId: database.outputs.id
  }
}

// What deploy.sh and deploy.ps1 make an env file of, by the settings' names.
output ZAVA_DATABASE_URL string = 'postgresql://${database.outputs.host}:5432/${database.outputs.databaseName}?sslmode=verify-full'
output AZURE_OPENAI_ENDPOINT string = foundry.outputs.endpoint
output EMBEDDING_MODEL_DEPLOYMENT_NAME string = foundry.outputs.deploymentName
output APPLICATIONINSIGHTS_CONNECTION_STRING string = monitoring.outputs.connectionString
output AZURE_TENANT_ID string = tenant().tenantId

// And what an operator types afterwards.
output resourceGroupName string = group.name
output databaseServerName string = names.database
output foundryName string = names.foundry
output vaultName string = names.vault
