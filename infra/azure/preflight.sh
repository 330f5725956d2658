# Sourced by deploy.sh: checks the requirements of a deployment before it starts.
# shellcheck shell=bash disable=SC2154,SC2034 # deploy.sh sets what is read here, and reads what is set

# Whether a role of the signed-in account allows an action. Roles: a line each, `allow A B deny C`, with wildcards.
allowed() { # ACTION ROLES
    local word role verdict deny
    shopt -s nocasematch
    set -f # the patterns are not names of files
    while read -r role; do
        verdict=no deny=""
        for word in $role; do
            if [ "$word" = deny ]; then deny=yes; fi
            # shellcheck disable=SC2053  # the right side is a pattern
            if [[ "$1" = $word ]]; then verdict="${deny:-allowed}"; fi
        done
        [ "$verdict" != allowed ] || break
    done <<<"$2"
    shopt -u nocasematch
    set +f
    [ "$verdict" = allowed ]
}

check_permissions() {
    local roles action
    roles="$(ask rest --method get --url \
        "https://management.azure.com/subscriptions/$subscription/providers/Microsoft.Authorization/permissions?api-version=2022-04-01" \
        --query "value[].join(' ', ['allow', actions, 'deny', notActions][])" --output tsv)" || stopped
    if [ -n "$what_if" ]; then
        set -- Microsoft.Resources/deployments/whatIf/action
    else
        set -- Microsoft.Resources/deployments/write Microsoft.DBforPostgreSQL/flexibleServers/write \
            Microsoft.Authorization/roleAssignments/write
        [ "$(parameter deleteLock)" != true ] || set -- "$@" Microsoft.Authorization/locks/write
    fi
    for action in "$@"; do
        allowed "$action" "$roles" ||
            die "the signed-in account may not $action on $subscription_name; infra/README.md lists the roles it needs"
    done
}

# What cannot be changed by a deployment is named here, before Azure refuses it halfway. Sets DEPLOY_STORAGE_GB.
check_what_is_there() {
    local there name version size size_too geo public
    there="$(ask group list --subscription "$subscription" --query "[?name == '$group'].location" --output tsv)" || stopped
    [ -z "$there" ] || [ "$there" = "$location" ] || die "$environment is in $there and cannot move to $location: set \
location back, or remove the environment first"
    there="$(ask deployment sub list --subscription "$subscription" --query "[?name == '$stem'].location" \
        --output tsv)" || stopped
    [ -z "$there" ] || [ "$there" = "$location" ] || die "the record of the last deployment is in $there, not in \
$location; run: az deployment sub delete --name $stem"
    there="$(ask postgres flexible-server list --subscription "$subscription" --query "[].[name, version, \
storage.storageSizeGb, storage.storageSizeGB, backup.geoRedundantBackup, network.publicNetworkAccess]" --output tsv)" || stopped
    while IFS=$'\t' read -r name version size size_too geo public; do
        # shellcheck disable=SC2053  # the right side is a pattern
        [[ "$name" = psql-$stem-$ending ]] || continue
        is_there=yes
        given "$size" || size="$size_too"
        DEPLOY_STORAGE_GB="${size%%.*}"
        same "$version" "$(parameter databaseVersion)" databaseVersion "upgrade the server with az before or set it back"
        same "$geo" "$(on_or_off "$(parameter geoRedundantBackup)" true)" geoRedundantBackup "set it back"
        same "$public" "$(on_or_off "$(parameter networkAccess)" firewalled)" networkAccess "set it back"
    done <<<"$there"
}
on_or_off() { [ "$1" = "$2" ] && echo Enabled || echo Disabled; }
same() { # IS WANTED PARAMETER ADVICE
    ! given "$1" || [ "$1" = "$2" ] ||
        die "a deployment cannot change $3 of a server that is there, which says $1: $4 in $environment.bicepparam"
}

# Sets deleted_vault and deleted_account: they keep their names.
check_deleted() {
    local name names
    names="$(ask keyvault list-deleted --resource-type vault --subscription "$subscription" --query '[].name' --output tsv &&
        ask cognitiveservices account list-deleted --subscription "$subscription" --query '[].name' --output tsv)" || stopped
    while read -r name; do
        # shellcheck disable=SC2254  # patterns
        case "$name" in
            kv-${stem:0:12}-$ending) deleted_vault="$name" ;;
            ai-$stem-$ending) deleted_account="$name" ;;
            *) continue ;;
        esac
        [ -n "$recover" ] || die "$name was deleted and still has its name: take it back with --recover, or choose \
another --suffix"
    done <<<"$names"
}

check_quotas() {
    local found limit used sku model
    sku="$(parameter databaseSku)" model="$(parameter embeddingSku)"
    found="$(ask postgres flexible-server list-skus --subscription "$subscription" --location "$location" \
        --query '[].supportedServerEditions[].supportedServerSkus[].name' --output tsv --only-show-errors)" || stopped
    grep -qix -- "$sku" <<<"$found" || die "$location does not offer $sku to this subscription: change databaseSku or location"
    model="OpenAI.${model:-DataZoneStandard}.text-embedding-3-small"
    found="$(ask cognitiveservices usage list --subscription "$subscription" --location "$location" \
        --query "[?name.value == '$model'].[limit, currentValue]" --output tsv)" || stopped
    [ -n "$found" ] || { warn "$location reports no quota of $model, so it is not checked"; return 0; }
    IFS=$'\t' read -r limit used <<<"$found"
    [ $((${limit%%.*} - ${used%%.*})) -ge "$(parameter embeddingCapacity)" ] ||
        die "the quota of $model in $location is ${limit%%.*}, of which ${used%%.*} are taken: lower embeddingCapacity"
}

# Warns of empty parameters with surprising effects.
warn_of_empty_parameters() {
    [ "$(parameter networkAccess)" != firewalled ] || [ "$(parameter allowedAddresses)" != "[]" ] ||
        warn "allowedAddresses in $environment.bicepparam is empty: nobody can connect until your address is in it"
    [ -n "$(parameter alertEmail)" ] ||
        warn "alertEmail in $environment.bicepparam is empty: alerts are only seen in the portal"
}

# Whether the application's secret in the env file, which Entra shows by its first three characters, will last.
warn_of_expiry() {
    local rows hint end soon today
    rows="$(ask ad app credential list --id "$client_id" --query '[].[hint, endDateTime]' --output tsv)" ||
        { warn "it could not be looked up when the secret in $env_file expires"; return 0; }
    today="$(date -u +%F)" soon="$(date -u -d '+30 days' +%F 2>/dev/null || date -u -v+30d +%F)"
    while IFS=$'\t' read -r hint end; do
        [ "$hint" = "${client_secret:0:3}" ] || continue
        end="${end%%T*}"
        [[ ! "$end" < "$soon" ]] || warn "the secret in $env_file expire$([[ "$end" < "$today" ]] && echo d || echo s) on \
$end: infra/README.md says under \"Rotate keys\" how to make another"
        return 0
    done <<<"$rows"
    warn "Entra does not know the secret in $env_file: delete its line and run this again for a new one"
}
