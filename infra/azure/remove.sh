#!/usr/bin/env bash
# Removes what deploy.sh made for one environment: the resource group with all that is in it, backups too.
# A second run goes on where the first one stopped. remove.ps1 takes the same steps.
set -euo pipefail

step="reading the options"
say() { printf -- '-- %s\n' "$1" >&2; step="$1"; }
die() { printf 'remove.sh: %s\n' "$1" >&2; trap - ERR; exit 2; }
stopped() {
    printf 'remove.sh: stopped while %s. Run the same command again once the cause is gone; it goes on from there.\n' "$step" >&2
    trap - ERR
    exit 1
}
trap stopped ERR
ask() { az "$@" </dev/null | tr -d '\r'; }

usage="usage: remove.sh ENVIRONMENT [--subscription NAME] [--service-principal NAME]"
environment="" application="" subscription=""
while [ $# -gt 0 ]; do
    case "$1" in
        -h | --help) printf '%s\n' "$usage"; exit 0 ;;
        --service-principal | --subscription)
            [ $# -ge 2 ] && [ -n "$2" ] && [[ "$2" != -* ]] || die "$1 needs a value"
            if [ "$1" = --subscription ]; then subscription="$2"; else application="$2"; fi
            shift 2 ;;
        -*) die "there is no option $1; $usage" ;;
        *) [ -z "$environment" ] || die "one environment at a time, not $environment and $1"; environment="$1"; shift ;;
    esac
done
[ -n "$environment" ] || die "$usage"
[[ "$environment" =~ ^[a-z0-9-]+$ ]] || die "$environment is not an environment: dev and prod are"
[[ "$application" != *\'* ]] || die "a name must not contain a quote"
command -v az >/dev/null || die "the Azure CLI is missing: https://aka.ms/azure-cli"
prefix="$(sed -n "s/^param resourcePrefix = '\([^']*\)'.*/\1/p" "$(dirname "${BASH_SOURCE[0]}")/$environment.bicepparam" 2>/dev/null)" || prefix=""
stem="${prefix:-zava}-$environment"
group="rg-$stem"

say "reading the signed-in account"
account="$(ask account show ${subscription:+--subscription "$subscription"} --query '[name, id]' --output tsv 2>/dev/null)" ||
    account=""
{ read -r subscription_name; read -r subscription; } <<<"$account" ||
    die "nobody is signed in${subscription:+, or there is no subscription $subscription}; run: az login"

say "looking for $group on $subscription_name"
exists="$(ask group exists --subscription "$subscription" --name "$group" --output tsv)" || stopped
if [ "$exists" = true ]; then
    owner="$(ask group show --subscription "$subscription" --name "$group" --query 'tags."managed-by"' --output tsv)" || stopped
    [ "$owner" = infra/azure ] || die "$group was not made by infra/azure; nothing is removed"
    printf 'The resource group %s, its database and all backups of it will be gone. Type its name to go on: ' "$group" >&2
    read -r typed || typed=""
    [ "$typed" = "$group" ] || die "that was not its name; nothing is removed"
    say "taking away the locks"
    locks="$(ask lock list --subscription "$subscription" --resource-group "$group" --query '[].id' --output tsv)" || stopped
    while read -r lock; do
        [ -z "$lock" ] || ask lock delete --ids "$lock" || stopped
    done <<<"$locks"
    say "removing $group, which takes some minutes"
    ask group delete --subscription "$subscription" --name "$group" --yes || stopped
else
    printf 'the resource group %s is gone already\n' "$group" >&2
fi

# A deleted account keeps its name and its quota for 48 hours, a purged one does not.
say "purging the Foundry account"
deleted="$(ask cognitiveservices account list-deleted --subscription "$subscription" \
    --query "[?contains(id, '/resourceGroups/$group/')].[name, location]" --output tsv)" || stopped
while IFS=$'\t' read -r name location; do
    [ -z "$name" ] || ask cognitiveservices account purge --subscription "$subscription" --resource-group "$group" \
        --name "$name" --location "$location" || stopped
done <<<"$deleted"

if [ -n "$application" ]; then
    say "removing the application $application"
    clients="$(ask ad app list --filter "displayName eq '$application'" --query '[].appId' --output tsv)" || stopped
    [ "$(wc -l <<<"$clients")" -eq 1 ] || die "the application $application exists more than once: delete it with az ad app delete --id"
    [ -z "$clients" ] || ask ad app delete --id "$clients" || stopped
fi

say "removing the record of the deployment"
record="$(ask deployment sub list --subscription "$subscription" --query "[?name == '$stem'].name" --output tsv)" ||
    stopped
[ -z "$record" ] || ask deployment sub delete --subscription "$subscription" --name "$record" || stopped
printf 'removed. The vault keeps its name until its retention is over: %s\n' \
    "deploy again with --recover, or with another --suffix." >&2
