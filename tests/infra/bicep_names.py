"""Names that Bicep knows without a declaration, and the newest stable API version of types that rarely get one."""

FUNCTIONS = frozenset(
    """
    any array base64 base64ToJson base64ToString bool buildUri cidrHost cidrSubnet coalesce concat contains
    createArray createObject dataUri dataUriToString dateTimeAdd dateTimeFromEpoch dateTimeToEpoch deployer
    deployment empty endsWith environment environmentVariable extensionResourceId externalInput externalInputs
    fail filter first flatten format getSecret groupBy guid indexOf int intersection items join json last
    lastIndexOf length listAccountSas listKeys listSecrets listServiceSas loadDirectoryFileInfo loadFileAsBase64
    loadJsonContent loadTextContent loadYamlContent managementGroup managementGroupResourceId map mapValues max
    min newGuid nameof objectKeys padLeft parseCidr parseUri pickZones providers range readCliArg
    readEnvironmentVariable reduce reference replace resourceGroup resourceId roleDefinitions shallowMerge skip
    sort split startsWith string subscription subscriptionResourceId substring take tenant tenantResourceId this
    toLogicalZone toLogicalZones toLower toObject toPhysicalZone toPhysicalZones toUpper trim tryGet union
    uniqueString uri uriComponent uriComponentToString utcNow
    """.split()  # noqa: SIM905 # a list of names is easier to read
)
DECORATORS = frozenset(
    """
    allowed batchSize description discriminator export maxLength maxValue metadata minLength minValue
    onlyIfNotExists retryOn sealed secure validate waitUntil
    """.split()  # noqa: SIM905 # a list of names is easier to read
)
#: Types whose newest stable version is older than 730 days: the compiler has none to propose.
NEWEST_STABLE = {
    "Microsoft.Authorization/locks": "2020-05-01",
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Network/privateDnsZones": "2024-06-01",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "2024-06-01",
}
