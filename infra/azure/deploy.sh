#!/usr/bin/env bash
# Deploys main.bicep to the subscription `az` is signed in to, and writes the env file that desks need.
# Each step can be repeated: a second run changes only what differs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
    cat <<'TEXT'
Usage: deploy.sh ENVIRONMENT [--what-if] [--administrators GROUP] [--service-principal NAME]
                 [--suffix TEXT] [--env-file FILE]

ENVIRONMENT                 dev or prod: the parameters are in ENVIRONMENT.bicepparam
--what-if                   shows what would change, and changes nothing
--administrators GROUP      Entra group that administers the database and the vault; else who is signed in
--service-principal NAME    makes (or uses) an application that desks make vectors as; else no vectors from Azure
--suffix TEXT               ends the names that must be unique in the whole cloud; else made of the subscription
--env-file FILE             what to write; else zava-ENVIRONMENT.env in the working directory
TEXT
}

step="reading the options"
say() { printf '── %s\n' "$1" >&2; step="$1"; }
die() { printf 'deploy.sh: %s\n' "$1" >&2; trap - ERR; exit 2; }
stopped() {
    printf 'deploy.sh stopped while %s. What was done before stays; %s\n' \
        "$step" "run the same command again once the cause is gone." >&2
}
trap stopped ERR

environment="" what_if="" administrators="" application="" suffix="" env_file=""
home="$OLDPWD"
needs_value() { [ $# -ge 2 ] && [ -n "$2" ] || die "$1 needs a value"; }
while [ $# -gt 0 ]; do
    case "$1" in
        --what-if) what_if=yes; shift ;;
        --administrators) needs_value "$@"; administrators="$2"; shift 2 ;;
        --service-principal) needs_value "$@"; application="$2"; shift 2 ;;
        --suffix) needs_value "$@"; suffix="$2"; shift 2 ;;
        --env-file) needs_value "$@"; env_file="$2"; shift 2 ;;
        -h | --help) usage; exit 0 ;;
        -*) die "there is no option $1; --help lists them" ;;
        *) [ -z "$environment" ] || die "one environment at a time, not $environment and $1"; environment="$1"; shift ;;
    esac
done
[ -n "$environment" ] || { usage >&2; exit 2; }
[ -f "$environment.bicepparam" ] || die "there is no $environment.bicepparam; dev and prod are there"
[[ "$suffix" =~ ^[a-z0-9]{0,8}$ ]] || die "--suffix must be at most 8 small letters and digits"
[[ "$administrators$application" != *\'* ]] || die "a name must not contain a quote"
env_file="${env_file:-zava-$environment.env}"
[[ "$env_file" = /* ]] || env_file="$home/$env_file"
command -v az >/dev/null || die "the Azure CLI is missing; https://aka.ms/azure-cli tells how to install it"
by_entra=""
! grep -q '^param passwordAuthentication = false' "$environment.bicepparam" || by_entra=yes
[ -z "$by_entra" ] || [ -z "$application" ] ||
    die "$environment allows no passwords: people sign in themselves, and the service principal would do it in their place"
location="$(sed -n "s/^param location = '\(.*\)'$/\1/p" "$environment.bicepparam")"

# One line of tab-separated values, or the reason why there is none or more than one.
only_one() {
    [ -n "$2" ] || die "$1 is not there"
    [ "$(wc -l <<<"$2")" -eq 1 ] || die "$1 is there more than once; names must be unique here"
}

say "asking az who is signed in"
account="$(az account show --query '[name, tenantId]' --output tsv 2>/dev/null | paste -s -)" || account=""
[ -n "$account" ] || die "nobody is signed in; run: az login"
tenant="${account##*$'\t'}"
printf 'subscription: %s\n' "${account%$'\t'*}" >&2

say "finding the administrators"
if [ -n "$administrators" ]; then
    found="$(az ad group list --filter "displayName eq '$administrators'" --query '[].id' --output tsv)"
    only_one "the group $administrators" "$found"
    DEPLOY_ADMINISTRATOR_TYPE=Group DEPLOY_ADMINISTRATOR_NAME="$administrators" DEPLOY_ADMINISTRATOR_ID="$found"
else
    found="$(az ad signed-in-user show --query '[id, userPrincipalName]' --output tsv | paste -s -)"
    DEPLOY_ADMINISTRATOR_TYPE=User DEPLOY_ADMINISTRATOR_NAME="${found#*$'\t'}" DEPLOY_ADMINISTRATOR_ID="${found%%$'\t'*}"
fi

client_id="" DEPLOY_SERVICE_PRINCIPAL_ID=""
if [ -n "$application" ]; then
    say "finding the application $application"
    client_id="$(az ad app list --filter "displayName eq '$application'" --query '[].appId' --output tsv)"
    if [ -z "$client_id" ] && [ -z "$what_if" ]; then
        say "making the application $application"
        client_id="$(az ad app create --display-name "$application" --sign-in-audience AzureADMyOrg --query appId --output tsv)"
    fi
    if [ -n "$client_id" ]; then
        only_one "the application $application" "$client_id"
        DEPLOY_SERVICE_PRINCIPAL_ID="$(az ad sp list --filter "appId eq '$client_id'" --query '[].id' --output tsv)"
        if [ -z "$DEPLOY_SERVICE_PRINCIPAL_ID" ] && [ -z "$what_if" ]; then
            DEPLOY_SERVICE_PRINCIPAL_ID="$(az ad sp create --id "$client_id" --query id --output tsv)"
        fi
    fi
fi

# The parameter file reads these.
export DEPLOY_SUFFIX="$suffix"
export DEPLOY_ADMINISTRATOR_ID DEPLOY_ADMINISTRATOR_NAME DEPLOY_ADMINISTRATOR_TYPE DEPLOY_SERVICE_PRINCIPAL_ID
if [ -n "$what_if" ]; then
    say "asking what would change"
    az deployment sub what-if --name "zava-$environment" --location "$location" \
        --template-file main.bicep --parameters "$environment.bicepparam"
    exit 0
fi
say "deploying, which takes about ten minutes the first time"
outputs="$(az deployment sub create --name "zava-$environment" --location "$location" \
    --template-file main.bicep --parameters "$environment.bicepparam" \
    --query "properties.outputs.[ZAVA_DATABASE_URL.value, AZURE_OPENAI_ENDPOINT.value, \
EMBEDDING_MODEL_DEPLOYMENT_NAME.value, APPLICATIONINSIGHTS_CONNECTION_STRING.value, \
resourceGroupName.value, vaultName.value]" --output tsv)"
{
    read -r url && read -r endpoint && read -r model && read -r insights && read -r group && read -r vault
} <<<"$outputs" || die "the deployment ended, but did not give all outputs; no env file was written"

client_secret=""
if [ -n "$application" ]; then
    # The file of an earlier run keeps its secret: a new one would have to go to every desk.
    [ ! -f "$env_file" ] || [ "$(sed -n 's/^AZURE_CLIENT_ID=//p' "$env_file")" != "$client_id" ] ||
        client_secret="$(sed -n 's/^AZURE_CLIENT_SECRET=//p' "$env_file")"
    if [ -z "$client_secret" ]; then
        say "making a secret for the application, good for a year"
        client_secret="$(az ad app credential reset --id "$client_id" --append --display-name zava-mcp --years 1 \
            --query password --output tsv)"
    fi
fi

say "writing $env_file"
umask 077
written="$(mktemp "$env_file.XXXXXX")"
{
    printf '# Settings of zava-mcp for %s, for --env-file or ZAVA_ENV_FILE; written by infra/azure/deploy.sh.\n' "$environment"
    printf 'ZAVA_DATABASE_URL=%s\n' "$url"
    [ -z "$by_entra" ] || printf 'ZAVA_DATABASE_AUTH=entra\n'
    if [ -n "$application" ]; then
        printf 'AZURE_OPENAI_ENDPOINT=%s\nEMBEDDING_MODEL_DEPLOYMENT_NAME=%s\n' "$endpoint" "$model"
        printf 'AZURE_CLIENT_ID=%s\nAZURE_CLIENT_SECRET=%s\nAZURE_TENANT_ID=%s\n' "$client_id" "$client_secret" "$tenant"
    else
        printf '# With --service-principal, %s would make the vectors; without, the model on each desk does.\n' "$endpoint"
    fi
    printf 'APPLICATIONINSIGHTS_CONNECTION_STRING=%s\n' "$insights"
} >"$written"
mv "$written" "$env_file"
printf 'done: resource group %s, passwords go to the vault %s. infra/README.md goes on with "Connect desks".\n' \
    "$group" "$vault" >&2
