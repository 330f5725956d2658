// The workbook beside the workspace: what dashboard.json shows in Grafana, in Azure's portal.
param location string
param tags { *: string }
param displayName string
param workspaceId string

#disable-next-line use-recent-api-versions // no newer version exists
resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'zava-mcp') // a workbook's name must be a GUID
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: displayName
    category: 'workbook'
    sourceId: workspaceId
    serializedData: loadTextContent('workbook.json')
  }
}
