// PostgreSQL 17 with pgvector, TLS and Entra; no password of an administrator is known to anybody.
param location string
param tags object
param name string
param sku string
param storageGB int
param backupRetentionDays int
param geoRedundantBackup bool
@allowed(['Disabled', 'SameZone', 'ZoneRedundant'])
param highAvailability string
param passwordAuthentication bool
param administratorObjectId string
param administratorName string
@allowed(['Group', 'User', 'ServicePrincipal'])
param administratorType string

@description('Empty: the server has a public address behind a firewall.')
param subnetId string
param dnsZoneId string
param allowedAddresses array
param workspaceId string

// Azure wants a local administrator where logins may have passwords. Nobody uses it: its password is
// new with each deployment and told to nobody. The administrator is the one of Entra.
param localAdministrator string = 'zava_unused'
@secure()
// checkov:skip=CKV_AZURE_131: not hardcoded: newGuid() makes another at each deployment
param localAdministratorPassword string = '${newGuid()}-${toUpper(newGuid())}'

var databaseName = 'zava'
var isPrivate = !empty(subnetId)
var privately = {
  delegatedSubnetResourceId: subnetId
  privateDnsZoneArmResourceId: dnsZoneId
  publicNetworkAccess: 'Disabled'
}
var tier = startsWith(sku, 'Standard_B') ? 'Burstable' : startsWith(sku, 'Standard_E') ? 'MemoryOptimized' : 'GeneralPurpose'

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku, tier: tier }
  properties: {
    version: '17'
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
    network: isPrivate ? privately : { publicNetworkAccess: 'Enabled' }
    maintenanceWindow: { customWindow: 'Enabled', dayOfWeek: 0, startHour: 3, startMinute: 0 }
  }
}

resource database 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = {
  parent: server
  name: databaseName
  properties: { charset: 'UTF8', collation: 'en_US.utf8' }
}

resource allowed 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2025-08-01' = [
  for address in allowedAddresses: {
    parent: server
    name: 'allow-${replace(address, '.', '-')}'
    properties: { startIpAddress: address, endIpAddress: address }
  }
]

var parameters = [
  { name: 'azure.extensions', value: 'VECTOR' }
  { name: 'require_secure_transport', value: 'on' }
  { name: 'ssl_min_protocol_version', value: 'TLSv1.2' }
  { name: 'password_encryption', value: 'scram-sha-256' }
  { name: 'azure.accepted_password_auth_method', value: 'scram-sha-256' }
  { name: 'connection_throttle.enable', value: 'on' } // guessed passwords
  { name: 'log_checkpoints', value: 'on' }
  { name: 'log_connections', value: 'on' }
  { name: 'log_disconnections', value: 'on' }
  { name: 'log_lock_waits', value: 'on' }
  { name: 'log_statement', value: 'ddl' } // what analysts ask is in the audit; `all` would write it here, too
]

// One after the other: the server refuses a change while another is under way.
@batchSize(1)
resource configuration 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = [
  for parameter in parameters: {
    parent: server
    name: parameter.name
    properties: { value: parameter.value, source: 'user-override' }
    dependsOn: [database, allowed]
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
output databaseName string = database.name
