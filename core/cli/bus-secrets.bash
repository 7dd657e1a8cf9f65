# bash completion for bus-secrets. Stored names are offered also when `bus-secrets list` exits with 1, for then it has
# listed what is there all the same.

_bus_secrets_names()
{
	local names
	names=$(bus-secrets ${1:+-C "$1"} ${2:+--scope "$2"} list 2>/dev/null) || :
	printf '%s\n' "$names"
}

_bus_secrets()
{
	local cur prev command='' dir='' scope='' i words
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-C | --chdir) dir=${COMP_WORDS[++i]} ;;
		--scope) scope=${COMP_WORDS[++i]} ;;
		-o | --output | -f | --format | --color | --mount) ((++i)) ;;
		-* | =) ;;
		*) [[ -n $command ]] || command=${COMP_WORDS[i]} ;;
		esac
	done
	# "--scope=repo" comes as three words.
	[[ $cur == '=' ]] && cur=''
	[[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
	case $prev in
	--scope)
		words='user repo'
		case $command in get | list | resolve | '') words='auto user repo' ;; esac
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		return
		;;
	-f | --format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur") && return ;;
	--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur") && return ;;
	--print-env) mapfile -t COMPREPLY < <(compgen -W sh -- "$cur") && return ;;
	-C | --chdir | --mount) mapfile -t COMPREPLY < <(compgen -d -- "$cur") && return ;;
	-o | --output) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
	esac
	if [[ $cur == -* ]]; then
		words=$(bus-secrets help ${command:+"$command"} 2>/dev/null | grep -o -e '  *--[a-z-]*' -e '-[a-zA-Z], --[a-z-]*' |
			grep -o -e '--[a-z-]*')
		words+=' --help --verbose --quiet --trace --chdir --output --format --color --no-color'
	elif [[ -z $command ]]; then
		words=$(bus-secrets help 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	else
		case $command in
		get | delete | set | rekey) words=$(_bus_secrets_names "$dir" "$scope") ;;
		resolve) words=$(_bus_secrets_names "$dir" "$scope" | sed 's/^/secret:/') ;;
		workspace) words='add remove list path' ;;
		help) words=$(bus-secrets help 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p') ;;
		mount | umount) mapfile -t COMPREPLY < <(compgen -d -- "$cur") && return ;;
		*) return ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	# A colon parts words on bash's command line.
	if [[ $cur != *:* && ${COMP_WORDS[COMP_CWORD - 1]} == ':' ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_bus_secrets_names "$dir" "$scope")" -- "$cur")
	fi
}

complete -F _bus_secrets bus-secrets
