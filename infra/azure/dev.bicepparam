// One small server behind a firewall, passwords allowed: to try things out, not for real customers' data.
using 'main.bicep'

param environmentName = 'dev'
param resourcePrefix = 'zava'
param location = 'swedencentral'

// set by deploy.sh and deploy.ps1
param suffix = readEnvironmentVariable('DEPLOY_SUFFIX', '')
param administratorObjectId = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_ID')
param administratorName = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_NAME')
param administratorType = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_TYPE')
param servicePrincipalObjectId = readEnvironmentVariable('DEPLOY_SERVICE_PRINCIPAL_ID', '')

param networkAccess = 'firewalled'
param allowedAddresses = [] // such as '203.0.113.7'

param databaseSku = 'Standard_B2s'
param databaseVersion = '17'
param databaseStorageGB = 32
param grownStorageGB = readEnvironmentVariable('DEPLOY_STORAGE_GB', '0')
param backupRetentionDays = 7
param geoRedundantBackup = false
param highAvailability = 'Disabled'
param passwordAuthentication = true

param embeddingCapacity = 30
param otherModels = [] // such as { name: 'gpt-4.1-mini', format: 'OpenAI', version: '2025-04-14', sku: 'GlobalStandard', capacity: 30 }
param vaultRetentionDays = 7
param logRetentionDays = 30
param alertEmail = ''
