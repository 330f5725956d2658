// Azure's own watch: the database's numbers, and what desks that send telemetry to Application Insights meet.
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

var questions = [
  {
    name: 'questions-fail'
    description: 'More than one in ten questions of the last quarter of an hour ended in an error, of at least twenty.'
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
    name: 'questions-are-slow'
    description: 'Questions of the last quarter of an hour took more than five seconds on average.'
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
    description: 'More than twenty logins failed within a quarter of an hour.'
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
  for question in questions: {
    name: 'alert-${question.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: question.name
      description: question.description
      severity: question.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      skipQueryValidation: true // the tables are made by the first rows that arrive
      criteria: {
        allOf: [
          {
            query: question.query
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
      description: 'For a quarter of an hour more than ${one.above} ${one.of}.'
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
