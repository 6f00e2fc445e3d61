# SPDX-License-Identifier: MIT
# Completion of smtpscope for fish. The program itself says what may come next, out of the table of
# its options: `smtpscope completion WORD…`.

function __smtpscope_complete
    set -l words (commandline -opc) (commandline -ct)
    for answer in (smtpscope completion $words[2..-1] 2>/dev/null)
        switch $answer
            case ':command*'
                set -l at (math (string replace ':command ' '' -- $answer) + 2)
                complete -C (string join ' ' -- (string escape -- $words[$at..-2]) $words[-1])
            case ':folder'
                __fish_complete_directories (commandline -ct)
            case ':file'
                __fish_complete_path (commandline -ct)
            case '*'
                echo $answer
        end
    end
end

complete -c smtpscope -f -a '(__smtpscope_complete)'
