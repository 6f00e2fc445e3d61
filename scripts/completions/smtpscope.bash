# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of smtpscope for bash. The program itself says what may come next, out of the table of
# its options: `smtpscope completion WORD…`.

# What `run` runs is completed as a line of its own, where bash-completion is there to do that.
_smtpscope_run() {
    local at=${1#:command }
    ((at++)) # COMP_WORDS begins with smtpscope
    while ((at < COMP_CWORD)) && [[ ${COMP_WORDS[at]} != "$2" ]]; do
        ((at++)) # it has more words than were counted, cut at = and :
    done
    if declare -F _command_offset >/dev/null; then
        _command_offset "$at"
    elif ((at >= COMP_CWORD)); then
        mapfile -t COMPREPLY < <(compgen -A command -- "$3")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$3")
    fi
}

_smtpscope() {
    local line=${COMP_LINE:0:COMP_POINT} word kept answer
    local -a words
    COMPREPLY=()
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    word=${words[-1]}
    # bash replaces no more than what comes after the last = or :
    kept=${word%"${word##*[=:]}"}
    while IFS= read -r answer; do
        case $answer in
        :command*) _smtpscope_run "$answer" "${words[${answer#:command } + 1]}" "$word" ;;
        :folder)
            compopt -o filenames 2>/dev/null
            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "${word##*[=:]}")
            ;;
        :file)
            compopt -o filenames 2>/dev/null
            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "${word##*[=:]}")
            ;;
        *) answer=${answer%%$'\t'*} && COMPREPLY+=("${answer#"$kept"}") ;;
        esac
    done < <(smtpscope completion "${words[@]:1}" 2>/dev/null)
}

complete -F _smtpscope smtpscope
