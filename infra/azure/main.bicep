// Everything zava-mcp needs in one Azure subscription: a database, a model for embeddings, a vault for passwords,
// and monitoring. Names, tags and permissions are decided here; the modules only build.
targetScope = 'subscription'

@description('A model to deploy under its own name: its maker, version, where it runs, thousands of tokens a minute.')
type model = {
  name: string
  format: string
  version: string
  sku: 'Standard' | 'DataZoneStandard' | 'GlobalStandard'
  capacity: int
}

@description('The environment: a part of every name and a tag.')
@minLength(2)
@maxLength(7)
param environmentName string

@description('Prefix of all resource names, after the abbreviation of the resource type.')
@minLength(2)
@maxLength(7)
param resourcePrefix string = 'zava'

@description('Region of all resources.')
param location string

@description('Suffix of globally unique names. If empty, it is derived from subscription, environment and region.')
@maxLength(8)
param suffix string = ''

@description('Object id of the Entra group or user that administers database and vault.')
@minLength(36)
@maxLength(36)
param administratorObjectId string

@description('Display name of that group, or user principal name of that user; the PostgreSQL login has the same name.')
param administratorName string

@allowed(['Group', 'User', 'ServicePrincipal'])
param administratorType string = 'Group'

@description('Object ids of Entra groups whose members may make embeddings.')
param analystGroups string[] = []

@description('Object id of a service principal that may make embeddings, for clients without an Entra sign-in.')
param servicePrincipalObjectId string = ''

@description('Object id of a service principal or identity that may read the vault, such as a pipeline.')
param vaultReaderObjectId string = ''

@description('private: inside a virtual network only. firewalled: public addresses, open to allowedAddresses alone.')
@allowed(['private', 'firewalled'])
param networkAccess string

@description('With firewalled: IPv4 addresses that may connect.')
param allowedAddresses string[] = []

@description('With private: the first three numbers of the network\'s addresses, a /24 that no peered network uses.')
param networkBase string = '10.80.0'

@description('With private: a NAT gateway for the subnet of client machines. false: another route leads out.')
param natGateway bool = true

@description('With private: a DNS resolver for clients of a VPN, which cannot reach the network\'s own.')
param dnsResolver bool = false

@description('Whether logins may have passwords. If false, identities connect with their Entra sign-in only.')
param passwordAuthentication bool

@description('Compute of the database server, such as Standard_B2s or Standard_D4ds_v5.')
param databaseSku string

// More nodes: see Citus in infra/README.md.
@description('Nodes of the database: 1 is one server, more are an elastic cluster. It cannot become the other later.')
@minValue(1)
@maxValue(10)
param databaseNodes int = 1

@description('Major version of PostgreSQL. A server is upgraded with az first; a deployment never downgrades it.')
@allowed(['17', '18'])
param databaseVersion string = '17'

@description('The least storage; the server grows by itself.')
@allowed([32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384, 32767])
param databaseStorageGB int

@description('The storage that the server has grown to, which a deployment must not shrink. deploy.sh looks it up.')
param grownStorageGB string = '0'

@minValue(7)
@maxValue(35)
param backupRetentionDays int

@description('Whether backups are also kept in the paired region. Cannot be changed later.')
param geoRedundantBackup bool

@allowed(['Disabled', 'SameZone', 'ZoneRedundant'])
param highAvailability string

@description('Whether a lock keeps the database server from being deleted.')
param deleteLock bool = false

@description('Thousands of tokens a minute that the embedding model may take.')
@minValue(1)
param embeddingCapacity int

@description('Where embeddings are computed: in the region, in its data zone (the EU, the US), or anywhere.')
@allowed(['Standard', 'DataZoneStandard', 'GlobalStandard'])
param embeddingSku string = 'DataZoneStandard'

@description('Other models to deploy beside the embedding model, such as one to chat with. zava-mcp itself needs none.')
param otherModels model[] = []

@description('Name of the Foundry project in URLs, and how it is shown.')
@minLength(2)
@maxLength(32)
param projectName string = 'sales'
param projectDisplayName string = 'Zava sales'
param projectDescription string = 'Semantic search of Zava Retail\'s products'

@description('Days during which a deleted vault can be recovered and its name is reserved. Cannot be changed later.')
@minValue(7)
@maxValue(90)
param vaultRetentionDays int = 90

@minValue(30)
@maxValue(730)
param logRetentionDays int

@description('Address that alerts are sent to. Empty: alerts are only seen in the portal.')
param alertEmail string = ''

@description('More tags, on everything.')
param tags { *: string } = {}

// ── names and tags: nowhere else ──────────────────────────────────────────────
var stem = '${resourcePrefix}-${environmentName}'
var derived = substring(uniqueString(subscription().subscriptionId, environmentName, location), 0, 6)
var ending = empty(suffix) ? derived : suffix
var names = {
  resourceGroup: 'rg-${stem}'
  network: 'vnet-${stem}'
  database: 'psql-${stem}-${ending}'
  foundry: 'ai-${stem}-${ending}'
  embeddings: 'text-embedding-3-small'
  vault: 'kv-${take(stem, 12)}-${ending}' // 24 characters are the most a vault's name may have
  logs: 'log-${stem}'
  insights: 'appi-${stem}'
  alerts: 'ag-${stem}'
}
var allTags = union({ application: 'zava-mcp', environment: environmentName, 'managed-by': 'infra/azure' }, tags)

var isPrivate = networkAccess == 'private'
var openTo = isPrivate ? [] : allowedAddresses

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: names.resourceGroup
  location: location
  tags: allTags
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
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
  params: {
    location: location
    tags: allTags
    name: names.network
    base: networkBase
    databaseName: names.database
    natGateway: natGateway
    dnsResolver: dnsResolver
  }
}

module database 'modules/database.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    name: names.database
    sku: databaseSku
    version: databaseVersion
    storageGB: max(databaseStorageGB, int(grownStorageGB))
    backupRetentionDays: backupRetentionDays
    geoRedundantBackup: geoRedundantBackup
    highAvailability: highAvailability
    deleteLock: deleteLock
    nodes: databaseNodes
    passwordAuthentication: passwordAuthentication
    administratorObjectId: administratorObjectId
    administratorName: administratorName
    administratorType: administratorType
    isPrivate: isPrivate
    subnetId: isPrivate ? network!.outputs.databaseSubnetId : ''
    dnsZoneId: isPrivate ? network!.outputs.databaseZoneId : ''
    allowedAddresses: openTo
    workspaceId: monitoring.outputs.workspaceId
  }
}

module foundry 'modules/foundry.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    name: names.foundry
    projectName: projectName
    projectDisplayName: projectDisplayName
    projectDescription: projectDescription
    otherModels: otherModels
    administratorObjectId: administratorObjectId
    administratorType: administratorType
    deploymentName: names.embeddings
    deploymentSku: embeddingSku
    capacity: embeddingCapacity
    userGroups: filter(analystGroups, id => id != administratorObjectId)
    servicePrincipalObjectId: servicePrincipalObjectId
    isPrivate: isPrivate
    subnetId: isPrivate ? network!.outputs.endpointSubnetId : ''
    dnsZoneIds: isPrivate ? network!.outputs.foundryZoneIds : []
    allowedAddresses: openTo
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    name: names.vault
    retentionDays: vaultRetentionDays
    keeperObjectId: administratorObjectId
    keeperType: administratorType
    readerObjectId: vaultReaderObjectId
    isPrivate: isPrivate
    subnetId: isPrivate ? network!.outputs.endpointSubnetId : ''
    dnsZoneId: isPrivate ? network!.outputs.vaultZoneId : ''
    allowedAddresses: openTo
    workspaceId: monitoring.outputs.workspaceId
  }
}

module workbook '../telemetry/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    displayName: 'zava-mcp, ${environmentName}'
    workspaceId: monitoring.outputs.workspaceId
  }
}

module alerts '../telemetry/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    groupName: names.alerts
    email: alertEmail
    workspaceId: monitoring.outputs.workspaceId
    databaseId: database.outputs.id
  }
}

// What deploy.sh and deploy.ps1 fill the env file with. The resource manager camel-cases the names of outputs:
// ZAVA_DATABASE_URL would come back as zavA_DATABASE_URL.
output databaseUrl string = 'postgresql://${database.outputs.host}:5432/zava?sslmode=verify-full'
output openAiEndpoint string = foundry.outputs.endpoint
output embeddingDeployment string = foundry.outputs.deploymentName
output projectEndpoint string = foundry.outputs.projectEndpoint
output insightsConnection string = monitoring.outputs.connectionString
output tenantId string = tenant().tenantId

// Values for the operator's next steps.
output resourceGroupName string = group.name
output databaseServerName string = names.database
output foundryName string = names.foundry
output vaultName string = names.vault
output dnsServer string = isPrivate ? network!.outputs.dnsServer : ''
