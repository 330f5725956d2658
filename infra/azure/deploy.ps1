#!/usr/bin/env pwsh
<#
.SYNOPSIS
Deploys main.bicep to a subscription, and writes the env file that client machines need.
.DESCRIPTION
The same steps as deploy.sh, with the same options in either spelling: -WhatIf or --what-if. Each step can be
repeated: a second run changes only what differs. It ends with 0, with 2 after a mistake of yours, with 1 after one
of Azure's, and with one line on stderr that says what to do.
.EXAMPLE
./deploy.ps1 dev -WhatIf
#>
#Requires -Version 7.2
# No param block: PowerShell would report a wrong option itself, in seven lines and with exit code 1.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false

$usage = @'
Usage: deploy.ps1 ENVIRONMENT [OPTIONS]

ENVIRONMENT             dev or prod: the parameters are in ENVIRONMENT.bicepparam
-WhatIf                 shows what would change, and changes nothing
-Subscription NAME      name or id of the subscription; else the one that az is set to
-Administrators GROUP   Entra group that administers the database and the vault; else the signed-in person
-AdministratorsId ID    the group's object id, for an account that may not list groups
-ServicePrincipal NAME  creates (or uses) an application for embeddings; else none are made by Azure
-Suffix TEXT            ends the names that must be unique in all of Azure; else made of the subscription
-EnvFile FILE           what to write; else zava-ENVIRONMENT.env in the working directory
-Recover                takes back a deleted vault or Foundry account that still has the name
-Yes                    does not prompt before an environment with deleteLock is changed. Where CI or TF_BUILD is set,
                        nothing prompts: a pipeline has approvals of its own
'@

$step = 'reading the options'
function Write-Line([string] $Text) { [Console]::Error.WriteLine($Text) }
function Say([string] $Text) { Write-Line "-- $Text"; $script:step = $Text }
function Warn([string] $Text) { Write-Line "warning: $Text" }
# Die: a mistake of the user, exit code 2. Fail: a failure of Azure, exit code 1.
function Die([string] $Text) { Write-Line "deploy.ps1: $Text"; exit 2 }
function Fail([string] $Text) { Write-Line "deploy.ps1: $Text"; exit 1 }
function Stop-Here {
    Fail "stopped while $step. What was done before stays; run the same command again once the cause is gone."
}
trap { Write-Line "deploy.ps1: stopped while $($step): $($_.Exception.Message)"; exit 1 }

. (Join-Path $PSScriptRoot 'preflight.ps1')

$options = @{
    WhatIf = $false; Recover = $false; Yes = $false; Help = $false
    Environment = ''; Subscription = ''; Administrators = ''; AdministratorsId = ''; ServicePrincipal = ''
    Suffix = ''; EnvFile = ''
}
$waiting = [System.Collections.Generic.Queue[string]]::new()
foreach ($word in $args) { $waiting.Enqueue("$word") }
while ($waiting.Count -gt 0) {
    $word = $waiting.Dequeue()
    if (-not $word.StartsWith('-')) {
        if ($options.Environment) { Die "one environment at a time, not $($options.Environment) and $word" }
        $options.Environment = $word
        continue
    }
    $name = $word.TrimStart('-').Replace('-', '').TrimEnd(':')
    $known = @($options.Keys | Where-Object { $_ -eq $name -and $_ -ne 'Environment' })
    if ($name -eq 'h') { $known = @('Help') }
    if ($known.Count -eq 0 -or $word.EndsWith('-')) { Die "there is no option $word; -Help lists them" }
    if ($options[$known[0]] -is [bool]) { $options[$known[0]] = $true; continue }
    if ($waiting.Count -eq 0 -or -not $waiting.Peek() -or $waiting.Peek().StartsWith('-')) { Die "$word needs a value" }
    $options[$known[0]] = $waiting.Dequeue()
}
if ($options.Help) { [Console]::Out.WriteLine($usage); exit 0 }
$environment = $options.Environment
$administrators = $options.Administrators
$application = $options.ServicePrincipal
$whatIf = $options.WhatIf
if (-not $environment) { Die 'name an environment, such as dev; -Help lists the options' }
$parameters = Join-Path $PSScriptRoot "$environment.bicepparam"
$template = Join-Path $PSScriptRoot 'main.bicep'
if ($environment -cnotmatch '^[a-z0-9-]+$' -or -not (Test-Path -LiteralPath $parameters -PathType Leaf)) {
    Die "there is no $environment.bicepparam; dev and prod are there"
}
$parameterLines = @(Get-Content -LiteralPath $parameters)
if ($options.Suffix -cnotmatch '^[a-z0-9]{0,8}$') { Die '-Suffix must be at most 8 small letters and digits' }
if ("$administrators$application".Contains("'")) { Die 'a name must not contain a quote' }
if ($options.AdministratorsId -and -not (Test-Id $options.AdministratorsId)) { Die '-AdministratorsId must be an object id' }
if ($options.AdministratorsId -and -not $administrators) {
    Die "-AdministratorsId needs the group's name, too: -Administrators"
}
$envFile = if ($options.EnvFile) { $options.EnvFile } else { "zava-$environment.env" }
$envFile = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($envFile)
if (-not (Test-Path -LiteralPath (Split-Path $envFile) -PathType Container)) {
    Die "there is no folder $(Split-Path $envFile) for the env file"
}
if (-not (Get-Command az -ErrorAction SilentlyContinue)) { Die 'the Azure CLI is missing: https://aka.ms/azure-cli' }
$byEntra = (Get-Parameter 'passwordAuthentication') -eq 'false'
if ($byEntra -and $application) {
    Die "$environment allows no passwords: identities sign in themselves, and the service principal would do it for them"
}
$location = Get-Parameter 'location'
$prefix = Get-Parameter 'resourcePrefix'
if (-not $prefix) { $prefix = 'zava' }
$stem = "$prefix-$environment"
$group = "rg-$stem"
$ending = if ($options.Suffix) { $options.Suffix } else { '??????' }

Say 'reading the signed-in account'
$chosen = @(if ($options.Subscription) { '--subscription', $options.Subscription })
$account = @(& az account show @chosen --query '[name, id, tenantId, user.type]' --output tsv 2>$null)
$signedIn = $LASTEXITCODE -eq 0
$account = @($account | ForEach-Object { "$_".TrimEnd("`r") })
if (-not $signedIn -or -not (Test-Complete $account 4)) {
    if ($options.Subscription) {
        Die "there is no subscription $($options.Subscription) for the signed-in account; run: az account list"
    }
    Die 'nobody is signed in; run: az login'
}
$subscriptionName, $subscription, $tenant, $accountType = $account
Write-Line "subscription: $subscriptionName ($subscription)"

Say 'checking permissions, names and quotas'
$isThere = $false
$deletedVault = $deletedAccount = ''
$env:DEPLOY_STORAGE_GB = '0'
Test-Permissions
Test-WhatIsThere
Test-Deleted
if (-not $isThere) { Test-Quotas }
Show-EmptyParameters

Say 'finding the administrators'
if ($administrators) {
    $env:DEPLOY_ADMINISTRATOR_TYPE = 'Group'
    $env:DEPLOY_ADMINISTRATOR_NAME = $administrators
    $env:DEPLOY_ADMINISTRATOR_ID = if ($options.AdministratorsId) { $options.AdministratorsId } else {
        Get-OnlyOne "the group $administrators" (
            Invoke-Az ad group list --filter "displayName eq '$administrators'" --query '[].id' --output tsv)
    }
}
else {
    if ($accountType -ne 'user') {
        Die ('a service principal is signed in: name the group of administrators with -Administrators, ' +
            'and give -AdministratorsId where it may not list groups')
    }
    $person = Invoke-Az ad signed-in-user show --query '[id, userPrincipalName]' --output tsv
    if (-not (Test-Complete $person 2)) { Fail 'az does not say who is signed in; name a group with -Administrators' }
    $env:DEPLOY_ADMINISTRATOR_ID, $env:DEPLOY_ADMINISTRATOR_NAME = $person
    $env:DEPLOY_ADMINISTRATOR_TYPE = 'User'
}
if (-not (Test-Id $env:DEPLOY_ADMINISTRATOR_ID)) { Fail "az gave no object id for $($env:DEPLOY_ADMINISTRATOR_NAME)" }

$unasked = $whatIf -or $options.Yes -or $env:CI -or $env:TF_BUILD
if ((Get-Parameter 'deleteLock') -eq 'true' -and -not $unasked) {
    [Console]::Error.Write("$environment on the subscription $subscriptionName will be changed. Type $environment to go on: ")
    if ([Console]::In.ReadLine() -cne $environment) { Die 'that was not its name; nothing was changed (-Yes does not ask)' }
}

$clientId = ''
$env:DEPLOY_SERVICE_PRINCIPAL_ID = ''
if ($application) {
    Say "finding the application $application"
    $clientId = Get-OnlyOne -OrNone "the application $application" (
        Invoke-Az ad app list --filter "displayName eq '$application'" --query '[].appId' --output tsv)
    if (-not $clientId -and -not $whatIf) {
        Say "creating the application $application"
        $clientId = Get-OnlyOne 'the new application' (
            Invoke-Az ad app create --display-name $application --sign-in-audience AzureADMyOrg --query appId --output tsv)
    }
    if ($clientId) {
        $principal = Get-OnlyOne -OrNone "the service principal of $application" (
            Invoke-Az ad sp list --filter "appId eq '$clientId'" --query '[].id' --output tsv)
        if (-not $principal -and -not $whatIf) {
            $principal = Get-OnlyOne 'the new service principal' (Invoke-Az ad sp create --id $clientId --query id --output tsv)
        }
        $env:DEPLOY_SERVICE_PRINCIPAL_ID = $principal
    }
}

# The parameter file reads these.
$env:DEPLOY_SUFFIX = $options.Suffix
if ($whatIf) {
    Say 'computing the changes (what-if)'
    # without the permissions of a deployment: a reader may ask, too
    & az deployment sub what-if --subscription $subscription --name $stem --location $location --template-file $template --parameters $parameters --validation-level ProviderNoRbac
    if ($LASTEXITCODE -ne 0) { Stop-Here }
    exit 0
}
if ($deletedVault -or $deletedAccount) {
    Say "recovering $deletedVault $deletedAccount"
    $null = Invoke-Az group create --subscription $subscription --name $group --location $location --output none
    if ($deletedVault) {
        $null = Invoke-Az keyvault recover --subscription $subscription --name $deletedVault --output none
    }
    if ($deletedAccount) {
        $null = Invoke-Az cognitiveservices account recover --subscription $subscription --name $deletedAccount --resource-group $group --location $location --output none
    }
}
Say 'deploying, which takes about ten minutes the first time'
$query = 'properties.outputs.[databaseUrl.value, openAiEndpoint.value, embeddingDeployment.value, ' +
    'projectEndpoint.value, insightsConnection.value, resourceGroupName.value, vaultName.value]'
$outputs = Invoke-Az deployment sub create --subscription $subscription --name $stem --location $location --template-file $template --parameters $parameters --query $query --output tsv
if (-not (Test-Complete $outputs 7)) {
    Fail 'the deployment ended, but Azure did not give all its outputs; no env file was written'
}
$url, $endpoint, $model, $project, $insights, $made, $vault = $outputs

$clientSecret = ''
if ($application) {
    # The file of an earlier run keeps its secret: a new one would have to go to every client machine.
    if (Test-Path -LiteralPath $envFile -PathType Leaf) {
        $earlier = @(Get-Content -LiteralPath $envFile)
        if ($earlier -ccontains "AZURE_CLIENT_ID=$clientId") {
            $kept = @($earlier | Where-Object { $_ -clike 'AZURE_CLIENT_SECRET=*' })
            if ($kept.Count -eq 1) { $clientSecret = $kept[0].Substring('AZURE_CLIENT_SECRET='.Length) }
        }
    }
    if (Test-Given $clientSecret) {
        Say "looking up when the application's secret expires"
        Show-Expiry $clientSecret
    }
    else {
        Say 'creating a client secret that is valid for one year'
        $secrets = Invoke-Az ad app credential reset --id $clientId --append --display-name zava-mcp --years 1 --query password --output tsv
        if (-not (Test-Complete $secrets 1)) { Fail "Azure gave no secret for $application; no env file was written" }
        $clientSecret = $secrets[0]
    }
}

Say "writing $envFile"
$lines = @(
    "# Settings of zava-mcp for $environment, for --env-file or ZAVA_ENV_FILE; written by infra/azure/deploy.ps1."
    "ZAVA_DATABASE_URL=$url"
    if ($byEntra) { 'ZAVA_DATABASE_AUTH=entra' }
    if ($application) {
        "AZURE_OPENAI_ENDPOINT=$endpoint"
        "EMBEDDING_MODEL_DEPLOYMENT_NAME=$model"
        "AZURE_CLIENT_ID=$clientId"
        "AZURE_CLIENT_SECRET=$clientSecret"
        "AZURE_TENANT_ID=$tenant"
    }
    else {
        "# With -ServicePrincipal, $endpoint computes the embeddings; without, the local model does."
    }
    '# For programs that use the Foundry project; zava-mcp does not read it.'
    "PROJECT_ENDPOINT=$project"
    "APPLICATIONINSIGHTS_CONNECTION_STRING=$insights"
)
# Made empty and closed to others first, so that no moment shows the secret; the old file stays until the new one is whole.
$written = "$envFile.$([IO.Path]::GetRandomFileName())"
$null = New-Item -ItemType File -Path $written
if ($IsWindows) { & icacls $written /inheritance:r /grant:r "$($env:USERNAME):(R,W,D)" | Out-Null }
else { & chmod 600 $written }
if ($LASTEXITCODE -ne 0) { Remove-Item -LiteralPath $written; Fail "$envFile could not be closed to others; nothing was written to it" }
[IO.File]::WriteAllText($written, ($lines -join "`n") + "`n")
Move-Item -LiteralPath $written -Destination $envFile -Force
Write-Line "done: resource group $made, passwords go to the vault $vault. Next: ""Set up"" in infra/README.md."
