// Azure alerts on the database's metrics, and on calls of client machines that send telemetry to Application Insights.
param location string
param tags { *: string }
param groupName string
param email string
param workspaceId string
param databaseId string

var receivers = [
  { name: 'operator', emailAddress: email, useCommonAlertSchema: true }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: groupName
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'zava-mcp'
    enabled: true
    emailReceivers: empty(email) ? [] : receivers
  }
}

var callAlerts = [
  {
    name: 'calls-fail'
    description: 'More than 10 % of at least 20 calls in the last 15 minutes failed.'
    severity: 2
    query: '''
AppMetrics
| where Name == 'mcp_queries_total'
| extend bad = tostring(Properties.status) in ('refused', 'timeout', 'unavailable', 'internal_error')
| summarize failed = sumif(Sum, bad), total = sum(Sum)
| where total >= 20 and failed / total > 0.1
'''
  }
  {
    name: 'calls-are-slow'
    description: 'Calls in the last 15 minutes took more than 5 seconds on average.'
    severity: 3
    query: '''
AppMetrics
| where Name == 'mcp_query_duration_seconds'
| summarize seconds = sum(Sum) / sum(ItemCount), total = sum(ItemCount)
| where total >= 20 and seconds > 5
'''
  }
  {
    name: 'logins-are-guessed'
    description: 'More than 20 logins failed in the last 15 minutes.'
    severity: 1
    query: '''
AzureDiagnostics
| where ResourceProvider == 'MICROSOFT.DBFORPOSTGRESQL' and Category == 'PostgreSQLLogs'
| where Message has 'authentication failed'
| summarize failed = count()
| where failed > 20
'''
  }
]

resource rule 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in callAlerts: {
    name: 'alert-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.name
      description: alert.description
      severity: alert.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      skipQueryValidation: true // The tables exist only after their first rows have arrived.
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: true
      actions: { actionGroups: [group.id] }
    }
  }
]

var limits = [
  { name: 'storage-fills', metric: 'storage_percent', above: 80, severity: 1, of: 'percent of the storage is used' }
  { name: 'processor-is-busy', metric: 'cpu_percent', above: 85, severity: 2, of: 'percent of the processors are busy' }
  { name: 'memory-is-short', metric: 'memory_percent', above: 90, severity: 2, of: 'percent of the memory is used' }
]

resource limit 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for one in limits: {
    name: 'alert-${one.name}'
    location: 'global'
    tags: tags
    properties: {
      description: 'For 15 minutes, more than ${one.above} ${one.of}.'
      severity: one.severity
      enabled: true
      scopes: [databaseId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            name: one.metric
            criterionType: 'StaticThresholdCriterion'
            metricNamespace: 'Microsoft.DBforPostgreSQL/flexibleServers'
            metricName: one.metric
            operator: 'GreaterThan'
            threshold: one.above
            timeAggregation: 'Average'
          }
        ]
      }
      autoMitigate: true
      actions: [{ actionGroupId: group.id }]
    }
  }
]
