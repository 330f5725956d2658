#!/usr/bin/env pwsh
<#
.SYNOPSIS
Removes what deploy.ps1 made for one environment: the resource group with all that is in it, backups too.
.DESCRIPTION
The same steps as remove.sh. A second run goes on where the first one stopped.
.EXAMPLE
./remove.ps1 dev -ServicePrincipal 'zava clients'
#>
#Requires -Version 7.2
# No param block: PowerShell would report a wrong option itself, in seven lines and with exit code 1.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false

$step = 'reading the options'
function Write-Line([string] $Text) { [Console]::Error.WriteLine($Text) }
function Say([string] $Text) { Write-Line "-- $Text"; $script:step = $Text }
function Die([string] $Text) { Write-Line "remove.ps1: $Text"; exit 2 }
function Stop-Here {
    Write-Line "remove.ps1: stopped while $step. Run the same command again once the cause is gone; it goes on from there."
    exit 1
}
trap { Write-Line "remove.ps1: stopped while $($step): $($_.Exception.Message)"; exit 1 }

# The lines that az prints, which stay together as an array; it reports its own errors on stderr.
function Invoke-Az {
    $lines = @(& az @args)
    if ($LASTEXITCODE -ne 0) { Stop-Here }
    , @($lines | ForEach-Object { "$_".TrimEnd("`r") } | Where-Object { $_ -ne '' })
}

$usage = 'usage: remove.ps1 ENVIRONMENT [-Subscription NAME] [-ServicePrincipal NAME]'
$environment = $application = $chosenSubscription = ''
$waiting = [System.Collections.Generic.Queue[string]]::new()
foreach ($word in $args) { $waiting.Enqueue("$word") }
while ($waiting.Count -gt 0) {
    $word = $waiting.Dequeue()
    $name = $word.TrimStart('-').Replace('-', '').TrimEnd(':')
    if (-not $word.StartsWith('-')) {
        if ($environment) { Die "one environment at a time, not $environment and $word" }
        $environment = $word
    }
    elseif ($name -in 'Help', 'h') { [Console]::Out.WriteLine($usage); exit 0 }
    elseif ($name -in 'ServicePrincipal', 'Subscription') {
        if ($waiting.Count -eq 0 -or -not $waiting.Peek() -or $waiting.Peek().StartsWith('-')) { Die "$word needs a value" }
        if ($name -eq 'Subscription') { $chosenSubscription = $waiting.Dequeue() } else { $application = $waiting.Dequeue() }
    }
    else { Die "there is no option $word; $usage" }
}
if (-not $environment) { Die $usage }
if ($environment -cnotmatch '^[a-z0-9-]+$') { Die "$environment is not an environment: dev and prod are" }
if ($application.Contains("'")) { Die 'a name must not contain a quote' }
if (-not (Get-Command az -ErrorAction SilentlyContinue)) { Die 'the Azure CLI is missing: https://aka.ms/azure-cli' }
$prefix = 'zava'
$file = Join-Path $PSScriptRoot "$environment.bicepparam"
if (Test-Path -LiteralPath $file -PathType Leaf) {
    $found = @(Get-Content -LiteralPath $file | Select-String -CaseSensitive -Pattern "^param resourcePrefix = '([^']*)'")
    if ($found.Count -eq 1) { $prefix = $found[0].Matches[0].Groups[1].Value }
}
$stem = "$prefix-$environment"
$group = "rg-$stem"

Say 'reading the signed-in account'
$chosen = @(if ($chosenSubscription) { '--subscription', $chosenSubscription })
$account = @(& az account show @chosen --query '[name, id]' --output tsv 2>$null)
if ($LASTEXITCODE -ne 0 -or $account.Count -ne 2) {
    if ($chosenSubscription) {
        Die "nobody is signed in, or there is no subscription $chosenSubscription; run: az login"
    }
    Die 'nobody is signed in; run: az login'
}
$subscriptionName, $subscription = @($account | ForEach-Object { "$_".TrimEnd("`r") })

Say "looking for $group on $subscriptionName"
$exists = Invoke-Az group exists --subscription $subscription --name $group --output tsv
if ($exists.Count -eq 1 -and $exists[0] -eq 'true') {
    $owner = Invoke-Az group show --subscription $subscription --name $group --query 'tags."managed-by"' --output tsv
    if ("$owner" -cne 'infra/azure') { Die "$group was not made by infra/azure; nothing is removed" }
    [Console]::Error.Write("The resource group $group, its database and all backups of it will be gone. Type its name to go on: ")
    if ([Console]::In.ReadLine() -cne $group) { Die 'that was not its name; nothing is removed' }
    Say 'taking away the locks'
    $locks = Invoke-Az lock list --subscription $subscription --resource-group $group --query '[].id' --output tsv
    foreach ($lock in $locks) { $null = Invoke-Az lock delete --ids $lock }
    Say "removing $group, which takes some minutes"
    $null = Invoke-Az group delete --subscription $subscription --name $group --yes
}
else { Write-Line "the resource group $group is gone already" }

# A deleted account keeps its name and its quota for 48 hours, a purged one does not.
Say 'purging the Foundry account'
$deleted = Invoke-Az cognitiveservices account list-deleted --subscription $subscription --query "[?contains(id, '/resourceGroups/$group/')].[name, location]" --output tsv
foreach ($line in $deleted) {
    $name, $location = $line -split "`t"
    $null = Invoke-Az cognitiveservices account purge --subscription $subscription --resource-group $group --name $name --location $location
}

if ($application) {
    Say "removing the application $application"
    $clients = Invoke-Az ad app list --filter "displayName eq '$application'" --query '[].appId' --output tsv
    if ($clients.Count -gt 1) {
        Die "the application $application exists more than once: delete it with az ad app delete --id"
    }
    foreach ($client in $clients) { $null = Invoke-Az ad app delete --id $client }
}

Say 'removing the record of the deployment'
$records = Invoke-Az deployment sub list --subscription $subscription --query "[?name == '$stem'].name" --output tsv
foreach ($record in $records) { $null = Invoke-Az deployment sub delete --subscription $subscription --name $record }
Write-Line ('removed. The vault keeps its name until its retention is over: ' +
    'deploy again with -Recover, or with another -Suffix.')
