// PostgreSQL with pgvector, TLS and Entra; nobody knows the password of an administrator. `zava-mcp init` creates the
// database, because the resource manager would make the local administrator its owner, and nobody can sign in as that
// administrator.
param location string
param tags { *: string }
param name string
param sku string
@allowed(['17', '18'])
param version string
param storageGB int
param backupRetentionDays int
param geoRedundantBackup bool
@allowed(['Disabled', 'SameZone', 'ZoneRedundant'])
param highAvailability string
param deleteLock bool
@minValue(1)
@maxValue(10)
param nodes int
param passwordAuthentication bool
param administratorObjectId string
param administratorName string
@allowed(['Group', 'User', 'ServicePrincipal'])
param administratorType string

@description('false: the server has a public address behind a firewall.')
param isPrivate bool
param subnetId string
param dnsZoneId string
param allowedAddresses string[]
param workspaceId string

// Azure requires a local administrator where logins may have passwords. It is not used: its password is new with each
// deployment and never stored. The administrator is the one of Entra.
param localAdministrator string = 'zava_unused'
@secure()
// checkov:skip=CKV_AZURE_131: not hardcoded: newGuid() makes another at each deployment
param localAdministratorPassword string = '${newGuid()}-${toUpper(newGuid())}'

var privateNetwork = {
  delegatedSubnetResourceId: subnetId
  privateDnsZoneArmResourceId: dnsZoneId
  publicNetworkAccess: 'Disabled'
}
var isBurstable = startsWith(sku, 'Standard_B')
var isMemoryOptimized = startsWith(sku, 'Standard_E')
var tier = isBurstable ? 'Burstable' : isMemoryOptimized ? 'MemoryOptimized' : 'GeneralPurpose'

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku, tier: tier }
  properties: {
    version: version
    administratorLogin: passwordAuthentication ? localAdministrator : null
    administratorLoginPassword: passwordAuthentication ? localAdministratorPassword : null
    authConfig: {
      activeDirectoryAuth: 'Enabled'
      passwordAuth: passwordAuthentication ? 'Enabled' : 'Disabled'
      tenantId: tenant().tenantId
    }
    storage: { storageSizeGB: storageGB, autoGrow: 'Enabled' }
    backup: {
      backupRetentionDays: backupRetentionDays
      geoRedundantBackup: geoRedundantBackup ? 'Enabled' : 'Disabled'
    }
    highAvailability: { mode: highAvailability }
    cluster: nodes > 1 ? { clusterSize: nodes } : null // an elastic cluster: Citus
    network: isPrivate ? privateNetwork : { publicNetworkAccess: 'Enabled' }
    maintenanceWindow: { customWindow: 'Enabled', dayOfWeek: 0, startHour: 3, startMinute: 0 }
  }
}

// One after the other, here and below: the server refuses a change while another is under way.
@batchSize(1)
resource firewallRules 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2025-08-01' = [
  for address in allowedAddresses: {
    parent: server
    name: 'allow-${replace(address, '.', '-')}'
    properties: { startIpAddress: address, endIpAddress: address }
  }
]

var throttle = 'connection_throttle.enable' // PostgreSQL 18 on Azure has no such parameter
var serverParameters = [
  { name: 'azure.extensions', value: 'VECTOR' }
  { name: 'require_secure_transport', value: 'on' }
  { name: 'ssl_min_protocol_version', value: 'TLSv1.2' }
  { name: 'password_encryption', value: 'scram-sha-256' }
  { name: 'azure.accepted_password_auth_method', value: 'scram-sha-256' }
  { name: throttle, value: 'on' } // against guessed passwords
  { name: 'log_checkpoints', value: 'on' }
  { name: 'log_connections', value: 'on' }
  { name: 'log_disconnections', value: 'on' }
  { name: 'log_lock_waits', value: 'on' }
  { name: 'log_statement', value: 'ddl' } // queries are in the audit log; `all` would write their texts here, too
]
@batchSize(1)
resource configuration 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = [
  for parameter in serverParameters: if (parameter.name != throttle || version == '17') {
    parent: server
    name: parameter.name
    properties: { value: parameter.value, source: 'user-override' }
    dependsOn: [firewallRules]
  }
]

resource administrator 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = {
  parent: server
  name: administratorObjectId
  properties: {
    principalName: administratorName
    principalType: administratorType
    tenantId: tenant().tenantId
  }
  dependsOn: [configuration]
}

// Deleting the server deletes its backups, so a lock prevents accidental deletion; remove.sh removes the lock first.
resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (deleteLock) {
  scope: server
  name: 'keep-the-database'
  properties: { level: 'CanNotDelete', notes: 'The backups are deleted with the server: see infra/azure/remove.sh.' }
}

#disable-next-line use-recent-api-versions // the newest stable version, 2016-09-01, has no categoryGroup
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: server
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'PostgreSQLLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output id string = server.id
output host string = server.properties.fullyQualifiedDomainName
