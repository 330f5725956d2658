# Dot-sourced by deploy.ps1: shared functions, and checks of the requirements of a deployment before it starts.

# az prints a missing value as None in a list, and else as nothing.
function Test-Given([string] $Value) { $Value -match '\S' -and $Value -cne 'None' -and $Value -cne 'null' }
function Test-Id([string] $Value) { $Value -match '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }

# The lines that az prints, which stay together as an array; it reports its own errors on stderr.
function Invoke-Az {
    $lines = @(& az @args)
    if ($LASTEXITCODE -ne 0) { Stop-Here }
    , @($lines | ForEach-Object { "$_".TrimEnd("`r") })
}

# Whether there are that many lines, each of them one value.
function Test-Complete([object[]] $Lines, [int] $Count) {
    $Lines.Count -eq $Count -and @($Lines | Where-Object { -not (Test-Given $_) -or "$_".Contains("`t") }).Count -eq 0
}

# The one value among lines; fails if there are several, or none where one must be.
function Get-OnlyOne([string] $What, [object[]] $Lines, [switch] $OrNone) {
    $found = @($Lines | Where-Object { $_ -ne '' })
    if ($found.Count -gt 1) { Die "$What exists more than once; names must be unique here" }
    if ($found.Count -eq 1 -and (Test-Complete $found 1)) { return $found[0] }
    if ($found.Count -eq 1) { Fail "az gave no value for $What" }
    if (-not $OrNone) { Die "$What does not exist" }
    ''
}

# What the parameter file says of a parameter; nothing for one that it leaves out.
function Get-Parameter([string] $Name) {
    foreach ($line in $parameterLines) {
        if ($line -cmatch "^param $Name = '([^']*)'") { return $Matches[1] }
        if ($line -cmatch "^param $Name = ([^' ]+)") { return $Matches[1] }
    }
    ''
}

# Whether a role of the signed-in account allows an action. Roles: `allow A B deny C`, with wildcards.
function Test-Allowed([string] $Action, [object[]] $Roles) {
    foreach ($role in $Roles) {
        $allow, $deny = $role -split ' deny ?', 2
        $is = @($allow -split ' ' | Where-Object { $Action -like $_ }).Count -gt 0
        $not = @("$deny" -split ' ' | Where-Object { $_ -and $Action -like $_ }).Count -gt 0
        if ($is -and -not $not) { return $true }
    }
    $false
}

function Test-Permissions {
    $url = "https://management.azure.com/subscriptions/$subscription/providers/Microsoft.Authorization/permissions" +
        '?api-version=2022-04-01'
    $roles = Invoke-Az rest --method get --url $url --query "value[].join(' ', ['allow', actions, 'deny', notActions][])" --output tsv
    $actions = @('Microsoft.Resources/deployments/whatIf/action')
    if (-not $whatIf) {
        $actions = @('Microsoft.Resources/deployments/write', 'Microsoft.DBforPostgreSQL/flexibleServers/write',
            'Microsoft.Authorization/roleAssignments/write')
        if ((Get-Parameter 'deleteLock') -eq 'true') { $actions += 'Microsoft.Authorization/locks/write' }
    }
    foreach ($action in $actions) {
        if (-not (Test-Allowed $action $roles)) {
            Die "the signed-in account may not $action on $subscriptionName; infra/README.md lists the roles it needs"
        }
    }
}

# What cannot be changed by a deployment is named here, before Azure refuses it halfway.
function Test-WhatIsThere {
    $there = Invoke-Az group list --subscription $subscription --query "[?name == '$group'].location" --output tsv
    foreach ($place in $there) {
        if ($place -and $place -ne $location) {
            Die "$environment is in $place and cannot move to ${location}: set location back, or remove the environment first"
        }
    }
    $there = Invoke-Az deployment sub list --subscription $subscription --query "[?name == '$stem'].location" --output tsv
    foreach ($place in $there) {
        if ($place -and $place -ne $location) {
            Die ("the record of the last deployment is in $place, not in ${location}; " +
                "run: az deployment sub delete --name $stem")
        }
    }
    $query = '[].[name, version, storage.storageSizeGb, storage.storageSizeGB, backup.geoRedundantBackup, ' +
        'network.publicNetworkAccess]'
    $there = Invoke-Az postgres flexible-server list --subscription $subscription --query $query --output tsv
    foreach ($line in $there) {
        $name, $version, $size, $otherSize, $geo, $public = $line -split "`t"
        if ($name -cnotlike "psql-$stem-$ending") { continue }
        $script:isThere = $true
        if (-not (Test-Given $size)) { $size = $otherSize }
        $env:DEPLOY_STORAGE_GB = ($size -split '\.')[0]
        $wantedGeo = if ((Get-Parameter 'geoRedundantBackup') -eq 'true') { 'Enabled' } else { 'Disabled' }
        $wantedPublic = if ((Get-Parameter 'networkAccess') -eq 'firewalled') { 'Enabled' } else { 'Disabled' }
        Test-Same $version (Get-Parameter 'databaseVersion') 'databaseVersion' 'upgrade the server with az before or set it back'
        Test-Same $geo $wantedGeo 'geoRedundantBackup' 'set it back'
        Test-Same $public $wantedPublic 'networkAccess' 'set it back'
    }
}

function Test-Same([string] $Is, [string] $Wanted, [string] $Parameter, [string] $Advice) {
    if ((Test-Given $Is) -and $Is -cne $Wanted) {
        Die ("a deployment cannot change $Parameter of a server that is there, which says ${Is}: " +
            "$Advice in $environment.bicepparam")
    }
}

# A deleted vault or account keeps its name.
function Test-Deleted {
    $names = Invoke-Az keyvault list-deleted --resource-type vault --subscription $subscription --query '[].name' --output tsv
    $names += Invoke-Az cognitiveservices account list-deleted --subscription $subscription --query '[].name' --output tsv
    foreach ($name in $names) {
        if ($name -clike "kv-$($stem.Substring(0, [Math]::Min(12, $stem.Length)))-$ending") { $script:deletedVault = $name }
        elseif ($name -clike "ai-$stem-$ending") { $script:deletedAccount = $name }
        else { continue }
        if (-not $options.Recover) {
            Die "$name was deleted and still has its name: take it back with -Recover, or choose another -Suffix"
        }
    }
}

function Test-Quotas {
    $sku = Get-Parameter 'databaseSku'
    $skus = Invoke-Az postgres flexible-server list-skus --subscription $subscription --location $location --query '[].supportedServerEditions[].supportedServerSkus[].name' --output tsv --only-show-errors
    if ($skus -notcontains $sku) { Die "$location does not offer $sku to this subscription: change databaseSku or location" }
    $kind = Get-Parameter 'embeddingSku'
    if (-not $kind) { $kind = 'DataZoneStandard' }
    $model = "OpenAI.$kind.text-embedding-3-small"
    $found = Invoke-Az cognitiveservices usage list --subscription $subscription --location $location --query "[?name.value == '$model'].[limit, currentValue]" --output tsv
    if ($found.Count -eq 0 -or -not $found[0]) {
        Warn "$location reports no quota of $model, so it is not checked"
        return
    }
    $limit, $used = @($found[0] -split "`t" | ForEach-Object { [int]($_ -split '\.')[0] })
    if ($limit - $used -lt [int](Get-Parameter 'embeddingCapacity')) {
        Die "the quota of $model in $location is $limit, of which $used are taken: lower embeddingCapacity"
    }
}

# Warns of empty parameters with surprising effects.
function Show-EmptyParameters {
    if ((Get-Parameter 'networkAccess') -eq 'firewalled' -and (Get-Parameter 'allowedAddresses') -eq '[]') {
        Warn "allowedAddresses in $environment.bicepparam is empty: nobody can connect until your address is in it"
    }
    if (-not (Get-Parameter 'alertEmail')) {
        Warn "alertEmail in $environment.bicepparam is empty: alerts are only seen in the portal"
    }
}

# Whether the application's secret in the env file, which Entra shows by its first three characters, will last.
function Show-Expiry([string] $Secret) {
    $rows = @(& az ad app credential list --id $clientId --query '[].[hint, endDateTime]' --output tsv)
    if ($LASTEXITCODE -ne 0) { Warn "it could not be looked up when the secret in $envFile expires"; return }
    $today = [DateTime]::UtcNow
    foreach ($row in $rows) {
        $hint, $end = "$row".TrimEnd("`r") -split "`t"
        if ($hint -cne $Secret.Substring(0, [Math]::Min(3, $Secret.Length))) { continue }
        $day = "$end".Split('T')[0]
        if ([string]::CompareOrdinal($day, $today.AddDays(30).ToString('yyyy-MM-dd')) -lt 0) {
            $verb = if ([string]::CompareOrdinal($day, $today.ToString('yyyy-MM-dd')) -lt 0) { 'expired' } else { 'expires' }
            Warn ("the secret in $envFile $verb on ${day}: " +
                'infra/README.md says under "Rotate keys" how to make another')
        }
        return
    }
    Warn "Entra does not know the secret in ${envFile}: delete its line and run this again for a new one"
}
