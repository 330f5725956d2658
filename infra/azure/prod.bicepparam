// In a virtual network of its own, with a second server in another zone and five weeks of backups.
using 'main.bicep'

param environmentName = 'prod'
param resourcePrefix = 'zava'
param location = 'swedencentral'

// set by deploy.sh and deploy.ps1
param suffix = readEnvironmentVariable('DEPLOY_SUFFIX', '')
param administratorObjectId = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_ID')
param administratorName = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_NAME')
param administratorType = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_TYPE')
param servicePrincipalObjectId = readEnvironmentVariable('DEPLOY_SERVICE_PRINCIPAL_ID', '')
param analystGroups = [] // object ids of the groups whose clients use semantic search

param networkAccess = 'private'
param networkBase = '10.80.0'
param natGateway = true
param dnsResolver = false // true: clients of a VPN can resolve the private names

param databaseSku = 'Standard_D4ds_v5'
param databaseVersion = '17'
param databaseStorageGB = 256
param grownStorageGB = readEnvironmentVariable('DEPLOY_STORAGE_GB', '0')
param backupRetentionDays = 35
param geoRedundantBackup = true
param highAvailability = 'ZoneRedundant'
param deleteLock = true // deploy.sh prompts before it deploys, and remove.sh removes the lock
param passwordAuthentication = true // false: people sign in to the database with Entra, each as themselves

param embeddingCapacity = 120
param otherModels = []
param vaultRetentionDays = 90
param logRetentionDays = 90
param alertEmail = ''
param tags = {
  'data-class': 'confidential'
}
