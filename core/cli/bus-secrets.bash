# shellcheck shell=bash
# bash completion for bus-secrets. Stored names are offered also when `bus-secrets list` exits with 1, for then it has
# listed what is there all the same.

# _bus_secrets_words CHOICES: those that begin with $cur.
_bus_secrets_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_bus_secrets_names()
{
	bus-secrets ${dir:+-C "$dir"} ${scope:+--scope "$scope"} list 2>/dev/null || :
}

_bus_secrets_commands()
{
	bus-secrets help 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

_bus_secrets_options()
{
	{ bus-secrets help && bus-secrets help ${command:+"$command"}; } 2>/dev/null |
		sed -n 's/^  \(-.,\|   \) \(--[a-z-]*\).*/\2/p'
}

# The words before the cursor: bash gives "--scope=repo" and "secret:x" as three words each.
_bus_secrets_read()
{
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-C | --chdir | --scope | -o | --output | -f | --format | --color | --mount | --print-env)
			local option=${COMP_WORDS[i]}
			[[ ${COMP_WORDS[i + 1]} != '=' ]] || ((++i))
			((++i < COMP_CWORD)) || break
			case $option in
			-C | --chdir) dir=${COMP_WORDS[i]} ;;
			--scope) scope=${COMP_WORDS[i]} ;;
			esac
			;;
		-*) ;;
		*) [[ -n $command ]] || command=${COMP_WORDS[i]} ;;
		esac
	done
}

# The argument of the option before the cursor; fails if there is none.
_bus_secrets_argument()
{
	local option=${COMP_WORDS[COMP_CWORD - 1]}

	if [[ $option == '=' || $cur == '=' ]]; then
		[[ $cur != '=' ]] || cur=''
		[[ $option != '=' ]] || option=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $option in
	--scope)
		case $command in
		set | delete | rekey) _bus_secrets_words 'user repo' ;;
		*) _bus_secrets_words 'auto user repo' ;;
		esac
		;;
	-f | --format) if [[ $command == help ]]; then _bus_secrets_words 'text opencli'; else _bus_secrets_words 'text json'; fi ;;
	--color) _bus_secrets_words 'auto always never' ;;
	--print-env) _bus_secrets_words sh ;;
	-C | --chdir | --mount) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	-o | --output) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	*) return 1 ;;
	esac
}

_bus_secrets_operand()
{
	case $command in
	get | delete | set | rekey) _bus_secrets_words "$(_bus_secrets_names)" ;;
	resolve)
		if [[ $cur == ':' || ${COMP_WORDS[COMP_CWORD - 1]} == ':' ]]; then
			[[ $cur != ':' ]] || cur=''
			_bus_secrets_words "$(_bus_secrets_names)"
		else
			_bus_secrets_words "$(_bus_secrets_names | sed 's/^/secret:/')"
		fi
		;;
	workspace)
		_bus_secrets_words 'add remove list path'
		[[ ${COMP_WORDS[COMP_CWORD - 1]} == workspace ]] || mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	help) _bus_secrets_words "$(_bus_secrets_commands)" ;;
	mount | umount) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	esac
}

_bus_secrets()
{
	local cur=${COMP_WORDS[COMP_CWORD]} command='' dir='' scope=''

	COMPREPLY=()
	_bus_secrets_read
	! _bus_secrets_argument || return 0
	if [[ $cur == -* ]]; then
		_bus_secrets_words "$(_bus_secrets_options)"
	elif [[ -z $command ]]; then
		_bus_secrets_words "$(_bus_secrets_commands)"
	else
		_bus_secrets_operand
	fi
}

complete -F _bus_secrets bus-secrets
