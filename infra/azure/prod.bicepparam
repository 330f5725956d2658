// In a virtual network of its own, with a second server in another zone and five weeks of backups.
using 'main.bicep'

param environmentName = 'prod'
param location = 'swedencentral'

// said by deploy.sh and deploy.ps1
param suffix = readEnvironmentVariable('DEPLOY_SUFFIX', '')
param administratorObjectId = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_ID')
param administratorName = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_NAME')
param administratorType = readEnvironmentVariable('DEPLOY_ADMINISTRATOR_TYPE')
param servicePrincipalObjectId = readEnvironmentVariable('DEPLOY_SERVICE_PRINCIPAL_ID', '')
param analystGroups = [] // object ids of the groups whose desks search by meaning

param networkAccess = 'private'
param networkBase = '10.80.0'

param databaseSku = 'Standard_D4ds_v5'
param databaseStorageGB = 256
param backupRetentionDays = 35
param geoRedundantBackup = true
param highAvailability = 'ZoneRedundant'
param passwordAuthentication = true // false: people sign in to the database with Entra, each as themselves

param embeddingCapacity = 120
param logRetentionDays = 90
param alertEmail = ''
param tags = {
  'data-class': 'confidential'
}
