#!/usr/bin/env pwsh
<#
.SYNOPSIS
Deploys main.bicep to the subscription az is signed in to, and writes the env file that desks need.
.DESCRIPTION
The same steps as deploy.sh. Each can be repeated: a second run changes only what differs.
.PARAMETER Environment
dev or prod: the parameters are in ENVIRONMENT.bicepparam.
.PARAMETER Administrators
Entra group that administers the database and the vault; else who is signed in.
.PARAMETER ServicePrincipal
Makes (or uses) an application of this name that desks make vectors as; else no vectors from Azure.
.PARAMETER Suffix
Ends the names that must be unique in the whole cloud; else made of the subscription.
.PARAMETER EnvFile
What to write; else zava-ENVIRONMENT.env in the working directory.
.EXAMPLE
./deploy.ps1 dev -WhatIf
#>
#Requires -Version 7.2
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory, Position = 0)] [string] $Environment,
    [ValidatePattern("^[^']+$")] [string] $Administrators,
    [ValidatePattern("^[^']+$")] [string] $ServicePrincipal,
    [ValidatePattern('^[a-z0-9]{0,8}$')] [string] $Suffix = '',
    [string] $EnvFile = "zava-$Environment.env"
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
# -WhatIf changes nothing in Azure; the few variables and lines of this script are not what it asks about.
$asking = [bool]$WhatIfPreference
$WhatIfPreference = $false

$step = 'reading the options'
function Say([string] $Text) {
    Write-Information "── $Text" -InformationAction Continue
    $script:step = $Text
}

# What az prints, one line an element; az tells its own errors on stderr.
function Invoke-Az {
    $lines = @(& az @args)
    if ($LASTEXITCODE -ne 0) {
        throw "deploy.ps1 stopped while $script:step. What was done before stays; run the same command again once the cause is gone."
    }
    @($lines | ForEach-Object { $_ -split "`t" } | Where-Object { $_ })
}

function Get-OnlyOne([string] $What, [string[]] $Found) {
    if ($Found.Count -eq 0) { throw "$What is not there" }
    if ($Found.Count -gt 1) { throw "$What is there more than once; names must be unique here" }
    $Found[0]
}

$parameters = Join-Path $PSScriptRoot "$Environment.bicepparam"
$template = Join-Path $PSScriptRoot 'main.bicep'
if (-not (Test-Path $parameters)) { throw "there is no $Environment.bicepparam; dev and prod are there" }
if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
    throw 'the Azure CLI is missing; https://aka.ms/azure-cli tells how to install it'
}
$byEntra = [bool](Select-String -Path $parameters -Pattern '^param passwordAuthentication = false')
if ($byEntra -and $ServicePrincipal) {
    throw "$Environment allows no passwords: people sign in themselves, and the service principal would do it in their place"
}
$location = (Select-String -Path $parameters -Pattern "^param location = '(.*)'$").Matches[0].Groups[1].Value

Say 'asking az who is signed in'
$account = @(Invoke-Az account show --query '[name, tenantId]' --output tsv)
Say "subscription: $($account[0])"

Say 'finding the administrators'
if ($Administrators) {
    $found = @(Invoke-Az ad group list --filter "displayName eq '$Administrators'" --query '[].id' --output tsv)
    $env:DEPLOY_ADMINISTRATOR_TYPE = 'Group'
    $env:DEPLOY_ADMINISTRATOR_NAME = $Administrators
    $env:DEPLOY_ADMINISTRATOR_ID = Get-OnlyOne "the group $Administrators" $found
}
else {
    $found = @(Invoke-Az ad signed-in-user show --query '[id, userPrincipalName]' --output tsv)
    $env:DEPLOY_ADMINISTRATOR_TYPE = 'User'
    $env:DEPLOY_ADMINISTRATOR_ID, $env:DEPLOY_ADMINISTRATOR_NAME = $found
}

$clientId = ''
$env:DEPLOY_SERVICE_PRINCIPAL_ID = ''
if ($ServicePrincipal) {
    Say "finding the application $ServicePrincipal"
    $found = @(Invoke-Az ad app list --filter "displayName eq '$ServicePrincipal'" --query '[].appId' --output tsv)
    if ($found.Count -eq 0 -and -not $asking) {
        Say "making the application $ServicePrincipal"
        $found = @(Invoke-Az ad app create --display-name $ServicePrincipal --sign-in-audience AzureADMyOrg --query appId --output tsv)
    }
    if ($found.Count -gt 0) {
        $clientId = Get-OnlyOne "the application $ServicePrincipal" $found
        $principal = @(Invoke-Az ad sp list --filter "appId eq '$clientId'" --query '[].id' --output tsv)
        if ($principal.Count -eq 0 -and -not $asking) {
            $principal = @(Invoke-Az ad sp create --id $clientId --query id --output tsv)
        }
        $env:DEPLOY_SERVICE_PRINCIPAL_ID = "$principal"
    }
}

# The parameter file reads these.
$env:DEPLOY_SUFFIX = $Suffix
if ($asking) {
    Say 'asking what would change'
    & az deployment sub what-if --name "zava-$Environment" --location $location --template-file $template --parameters $parameters
    exit $LASTEXITCODE
}
Say 'deploying, which takes about ten minutes the first time'
$query = 'properties.outputs.[ZAVA_DATABASE_URL.value, AZURE_OPENAI_ENDPOINT.value, ' +
    'EMBEDDING_MODEL_DEPLOYMENT_NAME.value, APPLICATIONINSIGHTS_CONNECTION_STRING.value, ' +
    'resourceGroupName.value, vaultName.value]'
$output = @(Invoke-Az deployment sub create --name "zava-$Environment" --location $location --template-file $template --parameters $parameters --query $query --output tsv)
if ($output.Count -ne 6) { throw 'the deployment ended, but did not give all outputs; no env file was written' }
$url, $endpoint, $model, $insights, $group, $vault = $output

$clientSecret = ''
if ($ServicePrincipal) {
    # The file of an earlier run keeps its secret: a new one would have to go to every desk.
    if (Test-Path $EnvFile) {
        $earlier = Get-Content $EnvFile
        if ($earlier -contains "AZURE_CLIENT_ID=$clientId") {
            $clientSecret = "$($earlier | Where-Object { $_ -like 'AZURE_CLIENT_SECRET=*' })" -replace '^AZURE_CLIENT_SECRET=', ''
        }
    }
    if (-not $clientSecret) {
        Say 'making a secret for the application, good for a year'
        $clientSecret = Get-OnlyOne 'the secret' @(Invoke-Az ad app credential reset --id $clientId --append --display-name zava-mcp --years 1 --query password --output tsv)
    }
}

Say "writing $EnvFile"
$lines = @(
    "# Settings of zava-mcp for $Environment, for --env-file or ZAVA_ENV_FILE; written by infra/azure/deploy.ps1."
    "ZAVA_DATABASE_URL=$url"
    if ($byEntra) { 'ZAVA_DATABASE_AUTH=entra' }
    if ($ServicePrincipal) {
        "AZURE_OPENAI_ENDPOINT=$endpoint"
        "EMBEDDING_MODEL_DEPLOYMENT_NAME=$model"
        "AZURE_CLIENT_ID=$clientId"
        "AZURE_CLIENT_SECRET=$clientSecret"
        "AZURE_TENANT_ID=$($account[1])"
    }
    else {
        "# With -ServicePrincipal, $endpoint would make the vectors; without, the model on each desk does."
    }
    "APPLICATIONINSIGHTS_CONNECTION_STRING=$insights"
)
# Made empty and closed to others first, so that no moment shows the secret.
$null = New-Item -ItemType File -Path $EnvFile -Force
if ($IsLinux -or $IsMacOS) { & chmod 600 $EnvFile }
else { & icacls $EnvFile /inheritance:r /grant:r "$($env:USERNAME):(R,W)" | Out-Null }
if ($LASTEXITCODE -ne 0) { throw "$EnvFile could not be closed to others; nothing was written to it" }
Set-Content -Path $EnvFile -Value $lines -Encoding utf8
Say "done: resource group $group, passwords go to the vault $vault. infra/README.md goes on with 'Connect desks'."
