#!/usr/bin/env bash
# Removes what deploy.sh made for one environment: the resource group with all that is in it, backups too.
set -euo pipefail

die() { printf 'remove.sh: %s\n' "$1" >&2; exit 2; }
[ $# -ge 1 ] && [ "${1#-}" = "$1" ] || die "usage: remove.sh ENVIRONMENT [--service-principal NAME]"
environment="$1" application=""
shift
if [ $# -gt 0 ]; then
    [ "$1" = --service-principal ] && [ $# -eq 2 ] || die "there is only the option --service-principal NAME"
    application="$2"
    [[ "$application" != *\'* ]] || die "a name must not contain a quote"
fi
group="rg-zava-$environment"

owner="$(az group show --name "$group" --query "tags.\"managed-by\"" --output tsv)"
[ "$owner" = infra/azure ] || die "$group was not made by infra/azure; nothing is removed"
printf 'The resource group %s, its database and all backups of it will be gone. Type its name to go on: ' "$group" >&2
read -r typed
[ "$typed" = "$group" ] || die "that was not its name; nothing is removed"

az group delete --name "$group" --yes
if [ -n "$application" ]; then
    client_id="$(az ad app list --filter "displayName eq '$application'" --query '[].appId' --output tsv)"
    [ -z "$client_id" ] || az ad app delete --id "$client_id"
fi
az deployment sub delete --name "zava-$environment"
printf 'removed. The vault and the Foundry account stay recoverable for a while and keep their names: %s\n' \
    "deploy again with another --suffix, or recover them." >&2
