// One small server behind a firewall, passwords allowed: for trying things out. It is not for real customers' data.
using 'main.bicep'

param environmentName = 'dev'
param location = 'swedencentral'

// said by deploy.sh and deploy.ps1
param suffix = readEnvironmentVariable('DEPLOY_SUFFIX', '')
param administratorObjectId = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_ID')
param administratorName = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_NAME')
param administratorType = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_TYPE')
param servicePrincipalObjectId = readEnvironmentVariable('DEPLOY_SERVICE_PRINCIPAL_ID', '')

param networkAccess = 'firewalled'
param allowedAddresses = [] // such as '203.0.113.7'

param databaseSku = 'Standard_B2s'
param databaseStorageGB = 32
param backupRetentionDays = 7
param geoRedundantBackup = false
param highAvailability = 'Disabled'
param passwordAuthentication = true

param embeddingCapacity = 30
param logRetentionDays = 30
