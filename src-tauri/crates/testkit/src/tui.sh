#!/bin/sh
hook=; prompt=; session="tui-$$"; resumed=new
while [ $# -gt 0 ]; do
    case $1 in
    --settings) hook=$(printf '%s' "$2" | sed 's/.*"command":"\([^"]*\)".*/\1/'); shift 2 ;;
    --resume) session=$2; resumed=resumed; shift 2 ;;
    --) prompt=$2; shift 2 ;;
    *) shift ;;
    esac
done
tell() {
    [ -z "$hook" ] || printf '{"session_id":"%s",%s}' "$session" "$1" | eval "$hook"
}
osc() {
    [ -n "$hook" ] || printf '\033]%s\007' "$1"
}
turn() {
    tell "\"hook_event_name\":\"UserPromptSubmit\",\"prompt\":\"$1\""
    osc '133;C'
    said="did $1"
    case $1 in
    *ask*)
        tool='"tool_name":"Bash","tool_input":{"command":"touch allowed.txt"}'
        rules='"permission_suggestions":[{"type":"addRules","rules":[{"toolName":"Bash","ruleContent":"touch *"}],"behavior":"allow","destination":"session"}]'
        osc '9;May I touch allowed.txt?'
        if [ -n "$hook" ]; then
            answer=$(tell "\"hook_event_name\":\"PermissionRequest\",$tool,$rules")
        else
            IFS= read -r answer
        fi
        case $answer in
        *updatedPermissions*) touch always.txt allowed.txt; said="always allowed" ;;
        *'"behavior":"allow"'* | *yes*) touch allowed.txt; said="allowed" ;;
        *) said="denied" ;;
        esac ;;
    *slow*)
        tell '"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"wait"}'
        while [ ! -e go.txt ]; do sleep 0.05; done ;;
    *fail*)
        tell '"hook_event_name":"StopFailure","error":"rate_limit","last_assistant_message":"limit reached"'
        return ;;
    esac
    printf '%s\n' "$said"
    tell "\"hook_event_name\":\"Stop\",\"last_assistant_message\":\"$said\""
}
printf '\033[?2004h\033]2;tui at work\007%s %s\n' "$resumed" "$session"
tell '"hook_event_name":"SessionStart"'
[ -z "$prompt" ] || turn "$prompt"
osc '133;A'
while printf '> ' && IFS= read -r line; do
    line=$(printf '%s' "$line" | sed 's/\x1b\[20[01]~//g')
    case $line in *quit*) exit 0 ;; esac
    turn "$line"
    osc '133;A'
done
