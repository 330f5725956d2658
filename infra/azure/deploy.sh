#!/usr/bin/env bash
# Deploys main.bicep to a subscription, and writes the env file that client machines need.
# Each step can be repeated: a second run changes only what differs. deploy.ps1 takes the same steps.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
home="$OLDPWD"

usage() {
    cat <<'TEXT'
Usage: deploy.sh ENVIRONMENT [OPTIONS]

ENVIRONMENT                 dev or prod: the parameters are in ENVIRONMENT.bicepparam
--what-if                   shows what would change, and changes nothing
--subscription NAME         name or id of the subscription; else the one that az is set to
--administrators GROUP      Entra group that administers the database and the vault; else the signed-in person
--administrators-id ID      the group's object id, for an account that may not list groups
--service-principal NAME    creates (or uses) an application for embeddings; else none are made by Azure
--suffix TEXT               ends the names that must be unique in all of Azure; else made of the subscription
--env-file FILE             what to write; else zava-ENVIRONMENT.env in the working directory
--recover                   takes back a deleted vault or Foundry account that still has the name
--yes                       does not prompt before an environment with deleteLock is changed. Where CI or TF_BUILD is set,
                            nothing prompts: a pipeline has approvals of its own
TEXT
}

step="reading the options"
say() { printf -- '-- %s\n' "$1" >&2; step="$1"; }
warn() { printf 'warning: %s\n' "$1" >&2; }
# die: a mistake of the user, exit code 2. fail: a failure of Azure, exit code 1.
die() { printf 'deploy.sh: %s\n' "$1" >&2; trap - ERR; exit 2; }
fail() { printf 'deploy.sh: %s\n' "$1" >&2; trap - ERR; exit 1; }
stopped() {
    fail "stopped while $step. What was done before stays; run the same command again once the cause is gone."
}
trap stopped ERR

# shellcheck source=preflight.sh
source ./preflight.sh

# az prints a missing value as None in a list, and else as nothing.
given() { [[ "$1" =~ [^[:space:]] ]] && [ "$1" != None ] && [ "$1" != null ]; }
is_id() { [[ "$1" =~ ^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$ ]]; }
ask() { az "$@" </dev/null | tr -d '\r'; }

# Whether a text has that many lines, each of them one value.
complete() { # TEXT COUNT
    local value count=0
    while IFS= read -r value; do
        given "$value" && [[ "$value" != *$'\t'* ]] || return 1
        count=$((count + 1))
    done <<<"$1"
    [ "$count" -eq "$2" ]
}

# The one value that az gives; fails if there are several, or none.
the_only() { # WHAT AZ-ARGUMENTS…
    local what="$1" found
    shift
    found="$(the_only_or_none "$what" "$@")" || return
    [ -n "$found" ] || { printf 'deploy.sh: %s does not exist\n' "$what" >&2; return 2; }
    printf '%s\n' "$found"
}
the_only_or_none() { # WHAT AZ-ARGUMENTS…
    local what="$1" found
    shift
    found="$(ask "$@" --output tsv)" || {
        printf 'deploy.sh: stopped while %s. What was done before stays; %s\n' "$step" \
            "run the same command again once the cause is gone." >&2
        return 1
    }
    [ "$(wc -l <<<"$found")" -eq 1 ] ||
        { printf 'deploy.sh: %s exists more than once; names must be unique here\n' "$what" >&2; return 2; }
    [ -z "$found" ] || complete "$found" 1 ||
        { printf 'deploy.sh: az gave no value for %s\n' "$what" >&2; return 1; }
    printf '%s' "$found"
}

# What the parameter file says of a parameter; nothing for one that it leaves out.
parameter() {
    sed -n -e "s/^param $1 = '\([^']*\)'.*/\1/p" -e "s/^param $1 = \([^' ]\{1,\}\).*/\1/p" "$environment.bicepparam"
}

environment="" what_if="" subscription="" administrators="" administrators_id="" application="" suffix="" env_file=""
recover="" yes=""
needs_value() { [ $# -ge 2 ] && [ -n "$2" ] && [[ "$2" != -* ]] || die "$1 needs a value"; }
while [ $# -gt 0 ]; do
    case "$1" in
        --what-if) what_if=yes; shift ;;
        --recover) recover=yes; shift ;;
        --yes) yes=yes; shift ;;
        --subscription) needs_value "$@"; subscription="$2"; shift 2 ;;
        --administrators) needs_value "$@"; administrators="$2"; shift 2 ;;
        --administrators-id) needs_value "$@"; administrators_id="$2"; shift 2 ;;
        --service-principal) needs_value "$@"; application="$2"; shift 2 ;;
        --suffix) needs_value "$@"; suffix="$2"; shift 2 ;;
        --env-file) needs_value "$@"; env_file="$2"; shift 2 ;;
        -h | --help) usage; exit 0 ;;
        -*) die "there is no option $1; --help lists them" ;;
        *) [ -z "$environment" ] || die "one environment at a time, not $environment and $1"; environment="$1"; shift ;;
    esac
done
[ -n "$environment" ] || die "name an environment, such as dev; --help lists the options"
[[ "$environment" =~ ^[a-z0-9-]+$ ]] && [ -f "$environment.bicepparam" ] ||
    die "there is no $environment.bicepparam; dev and prod are there"
[[ "$suffix" =~ ^[a-z0-9]{0,8}$ ]] || die "--suffix must be at most 8 small letters and digits"
[[ "$administrators$application" != *\'* ]] || die "a name must not contain a quote"
[ -z "$administrators_id" ] || is_id "$administrators_id" || die "--administrators-id must be an object id"
[ -z "$administrators_id" ] || [ -n "$administrators" ] ||
    die "--administrators-id needs the group's name, too: --administrators"
env_file="${env_file:-zava-$environment.env}"
[[ "$env_file" = /* ]] || env_file="$home/$env_file"
[ -d "$(dirname "$env_file")" ] || die "there is no folder $(dirname "$env_file") for the env file"
command -v az >/dev/null || die "the Azure CLI is missing: https://aka.ms/azure-cli"
by_entra=""
[ "$(parameter passwordAuthentication)" != false ] || by_entra=yes
[ -z "$by_entra" ] || [ -z "$application" ] ||
    die "$environment allows no passwords: identities sign in themselves, and the service principal would do it for them"
location="$(parameter location)"
prefix="$(parameter resourcePrefix)"
stem="${prefix:-zava}-$environment"
group="rg-$stem" ending="${suffix:-??????}"

say "reading the signed-in account"
account="$(ask account show ${subscription:+--subscription "$subscription"} \
    --query '[name, id, tenantId, user.type]' --output tsv 2>/dev/null)" || account=""
if ! complete "$account" 4; then
    [ -z "$subscription" ] || die "there is no subscription $subscription for the signed-in account; run: az account list"
    die "nobody is signed in; run: az login"
fi
{ read -r subscription_name; read -r subscription; read -r tenant; read -r account_type; } <<<"$account"
printf 'subscription: %s (%s)\n' "$subscription_name" "$subscription" >&2

say "checking permissions, names and quotas"
is_there="" deleted_vault="" deleted_account="" DEPLOY_STORAGE_GB=0
check_permissions
check_what_is_there
check_deleted
[ -n "$is_there" ] || check_quotas
warn_of_empty_parameters

say "finding the administrators"
if [ -n "$administrators" ]; then
    DEPLOY_ADMINISTRATOR_TYPE=Group DEPLOY_ADMINISTRATOR_NAME="$administrators" DEPLOY_ADMINISTRATOR_ID="$administrators_id"
    [ -n "$administrators_id" ] || DEPLOY_ADMINISTRATOR_ID="$(the_only "the group $administrators" \
        ad group list --filter "displayName eq '$administrators'" --query '[].id')" || exit
else
    [ "$account_type" = user ] || die "a service principal is signed in: name the group of administrators with \
--administrators, and give --administrators-id where it may not list groups"
    person="$(ask ad signed-in-user show --query '[id, userPrincipalName]' --output tsv)" || stopped
    complete "$person" 2 || fail "az does not say who is signed in; name a group with --administrators"
    { read -r DEPLOY_ADMINISTRATOR_ID; read -r DEPLOY_ADMINISTRATOR_NAME; } <<<"$person"
    DEPLOY_ADMINISTRATOR_TYPE=User
fi
is_id "$DEPLOY_ADMINISTRATOR_ID" || fail "az gave no object id for $DEPLOY_ADMINISTRATOR_NAME"

if [ "$(parameter deleteLock)" = true ] && [ -z "$what_if$yes${CI:-}${TF_BUILD:-}" ]; then
    printf '%s on the subscription %s will be changed. Type %s to go on: ' "$environment" "$subscription_name" "$environment" >&2
    read -r typed || typed=""
    [ "$typed" = "$environment" ] || die "that was not its name; nothing was changed (--yes does not ask)"
fi

client_id="" DEPLOY_SERVICE_PRINCIPAL_ID=""
if [ -n "$application" ]; then
    say "finding the application $application"
    client_id="$(the_only_or_none "the application $application" \
        ad app list --filter "displayName eq '$application'" --query '[].appId')" || exit
    if [ -z "$client_id" ] && [ -z "$what_if" ]; then
        say "creating the application $application"
        client_id="$(the_only "the new application" \
            ad app create --display-name "$application" --sign-in-audience AzureADMyOrg --query appId)" || exit
    fi
    if [ -n "$client_id" ]; then
        DEPLOY_SERVICE_PRINCIPAL_ID="$(the_only_or_none "the service principal of $application" \
            ad sp list --filter "appId eq '$client_id'" --query '[].id')" || exit
        [ -n "$DEPLOY_SERVICE_PRINCIPAL_ID$what_if" ] || DEPLOY_SERVICE_PRINCIPAL_ID="$(the_only \
            "the new service principal" ad sp create --id "$client_id" --query id)" || exit
    fi
fi

# The parameter file reads these.
export DEPLOY_SUFFIX="$suffix" DEPLOY_STORAGE_GB
export DEPLOY_ADMINISTRATOR_ID DEPLOY_ADMINISTRATOR_NAME DEPLOY_ADMINISTRATOR_TYPE DEPLOY_SERVICE_PRINCIPAL_ID
set -- --subscription "$subscription" --name "$stem" --location "$location" \
    --template-file main.bicep --parameters "$environment.bicepparam"
if [ -n "$what_if" ]; then
    say "computing the changes (what-if)"
    # without the permissions of a deployment: a reader may ask, too
    az deployment sub what-if "$@" --validation-level ProviderNoRbac || stopped
    exit 0
fi
if [ -n "$deleted_vault$deleted_account" ]; then
    say "recovering $deleted_vault $deleted_account"
    ask group create --subscription "$subscription" --name "$group" --location "$location" --output none || stopped
    [ -z "$deleted_vault" ] ||
        ask keyvault recover --subscription "$subscription" --name "$deleted_vault" --output none || stopped
    [ -z "$deleted_account" ] || ask cognitiveservices account recover --subscription "$subscription" \
        --name "$deleted_account" --resource-group "$group" --location "$location" --output none || stopped
fi
say "deploying, which takes about ten minutes the first time"
outputs="$(ask deployment sub create "$@" --query "properties.outputs.[databaseUrl.value, openAiEndpoint.value, \
embeddingDeployment.value, projectEndpoint.value, insightsConnection.value, resourceGroupName.value, vaultName.value]" --output tsv)" || stopped
complete "$outputs" 7 || fail "the deployment ended, but Azure did not give all its outputs; no env file was written"
{ read -r url; read -r endpoint; read -r model; read -r project; read -r insights; read -r made; read -r vault; } <<<"$outputs"

client_secret=""
if [ -n "$application" ]; then
    # The file of an earlier run keeps its secret: a new one would have to go to every client machine.
    [ ! -f "$env_file" ] || [ "$(sed -n 's/^AZURE_CLIENT_ID=//p' "$env_file")" != "$client_id" ] ||
        client_secret="$(sed -n 's/^AZURE_CLIENT_SECRET=//p' "$env_file")"
    if given "$client_secret"; then
        say "looking up when the application's secret expires"
        warn_of_expiry
    else
        say "creating a client secret that is valid for one year"
        client_secret="$(ask ad app credential reset --id "$client_id" --append --display-name zava-mcp --years 1 \
            --query password --output tsv)" || stopped
        complete "$client_secret" 1 || fail "Azure gave no secret for $application; no env file was written"
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
        printf '# With --service-principal, %s computes the embeddings; without, the local model does.\n' "$endpoint"
    fi
    printf '# For programs that use the Foundry project; zava-mcp does not read it.\nPROJECT_ENDPOINT=%s\n' "$project"
    printf 'APPLICATIONINSIGHTS_CONNECTION_STRING=%s\n' "$insights"
} >"$written"
mv "$written" "$env_file"
printf 'done: resource group %s, passwords go to the vault %s. Next: "Set up" in infra/README.md.\n' "$made" "$vault" >&2
