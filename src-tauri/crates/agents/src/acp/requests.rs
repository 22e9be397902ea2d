//! What the agent asks of us: permissions and questions as needs, and answers as it reads them.
//!
//! Promises: an answer names an option the agent offered or is free text where it takes some; a
//! form with several properties becomes one need for each, answered with one line.
//! Must not know: when lines are sent, the conversation.

use crate::acp::options::{permission_options, withdrawn};
use crate::acp::wording::{Own, QUESTION_MAX_BYTES, asking, descriptions, long_labels, question};
use crate::acp::words::one_line;
use nightshift_model::naming;
use nightshift_model::visible::is_hidden;
use nightshift_model::{Answer, Millis, Need, NeedId, NeedKind, NeedOption, OptionKind};
use nightshift_protocol::Subject;
use nightshift_vendors::bounds::OPTIONS_MAX;
use nightshift_vendors::request_text::Shown;
use serde_json::{Map, Value, json};

/// What a browser opens without asking another program.
const PAGE_SCHEMES: [&str; 2] = ["https://", "http://"];

/// One request of the agent that waits for the user.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    pub rpc_id: Value,
    pub asks: Vec<Ask>,
    shape: Shape,
    /// The tool call of ours that a permission is about.
    pub call: Option<String>,
    /// What a permission is about, where it tells that exactly.
    pub subject: Option<Subject>,
    /// The tool call that a permission is about, by the agent's id.
    pub about: Option<String>,
    /// It is about something to watch.
    pub watches: bool,
    /// How often that call became another one while this was open.
    pub changes: u32,
    /// Labels of its options that have no room on a button.
    labels: String,
}

/// How an answer is told to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Permission,
    Elicitation,
    /// By a request of ours.
    SignIn,
}

/// One need of a request.
#[derive(Clone, Debug)]
pub struct Ask {
    pub need: Need,
    field: Field,
}

#[derive(Clone, Debug)]
enum Field {
    /// `withdraw` is the option of ours that withdraws the request, where the agent offers no "no".
    Permission {
        withdraw: Option<String>,
    },
    /// Accept or decline, nothing to fill in.
    Confirm,
    /// One of the ways to sign in.
    SignIn,
    Text {
        name: String,
    },
    Number {
        name: String,
    },
    Boolean {
        name: String,
    },
    /// `other` is the property that takes what is not among the options.
    Select {
        name: String,
        other: Option<String>,
    },
    /// Any number of options; `other` takes words that name none.
    Several {
        name: String,
        other: Option<String>,
    },
}

impl OpenRequest {
    pub fn permission(
        rpc_id: Value,
        seq: u64,
        at: Millis,
        shown: Shown,
        options: &Value,
    ) -> OpenRequest {
        let all = options.as_array().map_or(&[][..], |all| &all[..all.len().min(OPTIONS_MAX)]);
        let labels = long_labels(all);
        let shown = shown.and(&labels);
        let (options, withdraw) = permission_options(all);
        let need = Need {
            id: NeedId(format!("need-{seq}")),
            kind: NeedKind::Permission,
            question: shown.question,
            detail: shown.detail,
            options,
            free_text: false,
            since: at,
            unshown_bytes: 0,
            answered: None,
        }
        .missing(shown.unshown_bytes)
        .only_once(shown.once_only);
        let asks = vec![Ask { need, field: Field::Permission { withdraw } }];
        OpenRequest { labels, ..OpenRequest::new(rpc_id, asks, Shape::Permission) }
    }

    fn new(rpc_id: Value, asks: Vec<Ask>, shape: Shape) -> OpenRequest {
        OpenRequest {
            rpc_id,
            asks,
            shape,
            call: None,
            subject: None,
            about: None,
            watches: false,
            changes: 0,
            labels: String::new(),
        }
    }

    /// This permission as another request, with an id of its own, when it is about something else now; none
    /// while it shows what it is about.
    pub fn anew(
        &self,
        (id, at): (NeedId, Millis),
        shown: Shown,
        subject: Option<Subject>,
    ) -> Option<OpenRequest> {
        let shown = shown.and(&self.labels);
        let Ask { need: old, field } = self.asks.first()?;
        let need = Need {
            id,
            question: shown.question,
            detail: shown.detail,
            since: at,
            answered: None,
            ..old.clone()
        }
        .missing(shown.unshown_bytes)
        .only_once(shown.once_only);
        let read = |need: &Need| (need.question.clone(), need.detail.clone(), need.unshown_bytes);
        if read(&need) == read(old) && subject == self.subject {
            return None;
        }
        let asks = vec![Ask { need, field: field.clone() }];
        Some(OpenRequest { asks, subject, changes: self.changes + 1, ..self.clone() })
    }

    /// A form, or a page to open; none for what we did not offer.
    pub fn elicitation(rpc_id: Value, seq: u64, at: Millis, params: &Value) -> Option<OpenRequest> {
        match params["mode"].as_str() {
            None | Some("form") => Some(OpenRequest::form(rpc_id, seq, at, params)),
            Some("url") => OpenRequest::page(rpc_id, seq, at, params),
            Some(_) => None,
        }
    }

    /// A page that the user has to open; none when it is no page of the web.
    fn page(rpc_id: Value, seq: u64, at: Millis, params: &Value) -> Option<OpenRequest> {
        let url = params["url"].as_str().map(str::trim)?;
        let is_page = PAGE_SCHEMES.iter().any(|scheme| url.starts_with(scheme));
        let is_plain = !url.chars().any(|c| is_hidden(c) || c.is_whitespace());
        if !is_page || !is_plain || url.len() > QUESTION_MAX_BYTES {
            return None;
        }
        let options = vec![choice("accept", "I opened it: go on"), choice("decline", "Decline")];
        let mut need = question_need(at, options, false);
        need.id = NeedId(format!("need-{seq}"));
        let message = match params["message"].as_str().unwrap_or_default() {
            empty if empty.trim().is_empty() => "The agent asks you to open a page",
            message => message,
        };
        need.detail = url.to_owned();
        let need = asking(need, message);
        let asks = vec![Ask { need, field: Field::Confirm }];
        Some(OpenRequest::new(rpc_id, asks, Shape::Elicitation))
    }

    /// A sign-in that the agent performs itself, in one of these ways: id, name, and what it says
    /// of them.
    pub fn sign_in<'a>(
        (seq, at): (u64, Millis),
        title: &str,
        ways: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
    ) -> OpenRequest {
        let (mut options, mut about) = (Vec::new(), Vec::new());
        for (id, name, words) in ways.take(OPTIONS_MAX) {
            options.push(choice(id, name));
            let more = (!words.is_empty() && words != name).then(|| format!("{name}: {words}"));
            about.extend(more.map(|line| naming::one_line(&line, usize::MAX)));
        }
        let mut need = question_need(at, options, false);
        need.id = NeedId(format!("need-{seq}"));
        need.detail = about.join("\n");
        let need = asking(need, &format!("{title} wants you to sign in"));
        let (rpc_id, asks) = (Value::Null, vec![Ask { need, field: Field::SignIn }]);
        OpenRequest::new(rpc_id, asks, Shape::SignIn)
    }

    /// Whether its answer is a request of ours.
    pub fn is_sign_in(&self) -> bool {
        self.shape == Shape::SignIn
    }

    fn form(rpc_id: Value, seq: u64, at: Millis, params: &Value) -> OpenRequest {
        let message = params["message"].as_str().unwrap_or_default();
        let empty = Map::new();
        let properties = params["requestedSchema"]["properties"].as_object().unwrap_or(&empty);
        let mut asks = Vec::new();
        let mut own_words = Vec::new();
        let mut fields = properties.iter().peekable();
        while let Some((name, schema)) = fields.next() {
            let mut ask = ask_of(name, schema, at);
            if let Field::Select { other, .. } | Field::Several { other, .. } = &mut ask.field
                && let Some((next, _)) =
                    fields.next_if(|(next, next_schema)| is_other_text(params, next, next_schema))
            {
                *other = Some(next.clone());
                ask.need.free_text = true;
            }
            asks.push(ask);
            own_words.push(Own::of(name, schema));
        }
        if asks.is_empty() {
            asks.push(confirm(at));
        }
        let several = asks.len() > 1;
        for (i, ask) in asks.iter_mut().enumerate() {
            ask.need.id = NeedId(match several {
                true => format!("need-{seq}-{}", i + 1),
                false => format!("need-{seq}"),
            });
            let own = if several { own_words.get(i).cloned() } else { None };
            ask.need = asking(ask.need.clone(), &question(message, own));
        }
        OpenRequest::new(rpc_id, asks, Shape::Elicitation)
    }

    pub fn needs(&self) -> impl Iterator<Item = &Need> {
        self.asks.iter().map(|a| &a.need)
    }

    /// The result to send once every need of this request has an answer.
    pub fn result(&self, answers: &[(NeedId, Answer)]) -> Option<Value> {
        let mut content = Map::new();
        for ask in &self.asks {
            let (_, given) = answers.iter().find(|(id, _)| *id == ask.need.id)?;
            let answer = ask.need.named(given).ok()?;
            match ask.encode(&answer)? {
                Encoded::Outcome(result) => return Some(result),
                Encoded::Fields(fields) => content.extend(fields),
            }
        }
        Some(json!({"action": "accept", "content": content}))
    }

    /// Whether `result` denies what was asked.
    pub fn is_rejected(&self, result: &Value) -> bool {
        self.chooses(result, [OptionKind::RejectOnce, OptionKind::RejectAlways])
    }

    /// Whether `result` allows what was asked.
    pub fn is_allowed(&self, result: &Value) -> bool {
        self.chooses(result, [OptionKind::AllowOnce, OptionKind::AllowAlways])
    }

    fn chooses(&self, result: &Value, kinds: [OptionKind; 2]) -> bool {
        let chosen = result["outcome"]["optionId"].as_str();
        let is_it = |o: &NeedOption| kinds.contains(&o.kind) && Some(o.id.as_str()) == chosen;
        self.needs().any(|need| need.options.iter().any(is_it))
    }

    pub fn cancelled(&self) -> Value {
        match self.shape {
            Shape::Elicitation => json!({"action": "cancel"}),
            Shape::Permission | Shape::SignIn => withdrawn(),
        }
    }

    /// What `result`, as it went to the agent, answered to each need, as a person reads it.
    pub fn labels(&self, result: Option<&Value>) -> Vec<String> {
        let withdrawn = || "withdrawn".to_owned();
        self.asks
            .iter()
            .map(|ask| result.map_or_else(withdrawn, |r| ask.label(r).unwrap_or_else(withdrawn)))
            .collect()
    }
}

enum Encoded {
    Outcome(Value),
    Fields(Vec<(String, Value)>),
}

impl Ask {
    fn encode(&self, answer: &Answer) -> Option<Encoded> {
        let field =
            |name: &String, value: Value| Some(Encoded::Fields(vec![(name.clone(), value)]));
        match (&self.field, answer) {
            (Field::Permission { withdraw: Some(no) }, Answer::Option { id }) if id == no => {
                Some(Encoded::Outcome(withdrawn()))
            }
            (Field::Permission { .. }, Answer::Option { id }) => {
                let outcome = json!({"outcome": {"outcome": "selected", "optionId": id}});
                Some(Encoded::Outcome(outcome))
            }
            (Field::Confirm, Answer::Option { id }) => {
                let mut result = json!({"action": id});
                if id == "accept" {
                    result["content"] = json!({});
                }
                Some(Encoded::Outcome(result))
            }
            (Field::SignIn, Answer::Option { id }) => {
                Some(Encoded::Outcome(json!({"methodId": id})))
            }
            (Field::Text { name }, Answer::Text { text }) => field(name, json!(text)),
            (Field::Number { name }, Answer::Text { text }) => field(name, number(text)),
            (Field::Boolean { name }, Answer::Option { id }) => field(name, json!(id == "true")),
            (Field::Select { name, .. }, Answer::Option { id }) => field(name, json!(id)),
            (Field::Select { other: Some(other), .. }, Answer::Text { text }) => {
                field(other, json!(text))
            }
            (Field::Several { name, .. }, Answer::Option { id }) => field(name, json!([id])),
            (Field::Several { name, other }, Answer::Text { text }) => {
                Some(Encoded::Fields(self.chosen(name, other.as_ref(), text)))
            }
            (
                Field::Permission { .. }
                | Field::Confirm
                | Field::SignIn
                | Field::Text { .. }
                | Field::Number { .. }
                | Field::Boolean { .. }
                | Field::Select { .. }
                | Field::Several { .. },
                _,
            ) => None,
        }
    }

    /// The options that a comma-separated text names; words that name none go to `other`.
    fn chosen(&self, name: &str, other: Option<&String>, text: &str) -> Vec<(String, Value)> {
        let named = |word: &str| {
            let fits = |o: &&NeedOption| o.label.eq_ignore_ascii_case(word) || o.id == word;
            self.need.options.iter().find(fits)
        };
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let (known, own): (Vec<&str>, Vec<&str>) = words.partition(|word| named(word).is_some());
        let picks = known.iter().filter_map(|word| named(word)).map(|o| json!(o.id)).collect();
        let mut fields = vec![(name.to_owned(), picks)];
        if let (Some(other), false) = (other, own.is_empty()) {
            fields.push((other.clone(), json!(own.join(", "))));
        }
        fields
    }

    fn label(&self, result: &Value) -> Option<String> {
        let by_id = |id: &str| {
            let option = self.need.options.iter().find(|o| o.id == id);
            option.map_or_else(|| id.to_owned(), |o| o.label.clone())
        };
        let text = |name: &str| match &result["content"][name] {
            Value::Null => None,
            Value::String(text) => Some(by_id(text)),
            Value::Array(all) => {
                let labels = all.iter().filter_map(Value::as_str).map(by_id);
                Some(labels.collect::<Vec<_>>().join(", "))
            }
            other => Some(by_id(&other.to_string())),
        };
        match &self.field {
            Field::Permission { .. } => result["outcome"]["optionId"].as_str().map(by_id),
            Field::Confirm => result["action"].as_str().map(by_id),
            Field::SignIn => result["methodId"].as_str().map(by_id),
            Field::Select { name, other } | Field::Several { name, other } => {
                let parts = [text(name), other.as_deref().and_then(text)];
                let said = parts.into_iter().flatten().filter(|part| !part.is_empty());
                Some(Vec::from_iter(said).join(", ")).filter(|all| !all.is_empty())
            }
            Field::Text { name } | Field::Number { name } | Field::Boolean { name } => text(name),
        }
    }
}

/// A number, or the words as they are: the agent then says what it wants.
fn number(text: &str) -> Value {
    let text = text.trim();
    let whole = text.parse::<i64>().map(|n| json!(n));
    whole.or_else(|_| text.parse::<f64>().map(|n| json!(n))).unwrap_or_else(|_| json!(text))
}

fn choice(id: &str, label: &str) -> NeedOption {
    NeedOption { id: id.to_owned(), label: one_line(label), kind: OptionKind::Choice }
}

fn confirm(at: Millis) -> Ask {
    let options = vec![choice("accept", "OK"), choice("decline", "Decline")];
    Ask { need: question_need(at, options, false), field: Field::Confirm }
}

fn question_need(at: Millis, options: Vec<NeedOption>, free_text: bool) -> Need {
    Need {
        id: NeedId(String::new()),
        kind: NeedKind::Question,
        question: String::new(),
        detail: String::new(),
        options,
        free_text,
        since: at,
        unshown_bytes: 0,
        answered: None,
    }
}

/// The need of one property of a form, its id and question still open.
fn ask_of(name: &str, schema: &Value, at: Millis) -> Ask {
    let name = name.to_owned();
    let (field, options, free_text) = match schema["type"].as_str() {
        Some("boolean") => (
            Field::Boolean { name: name.clone() },
            vec![choice("true", "Yes"), choice("false", "No")],
            false,
        ),
        Some("number" | "integer") => (Field::Number { name: name.clone() }, Vec::new(), true),
        Some("array") => {
            (Field::Several { name: name.clone(), other: None }, choices(&schema["items"]), true)
        }
        _ => match choices(schema) {
            none if none.is_empty() => (Field::Text { name: name.clone() }, none, true),
            some => (Field::Select { name: name.clone(), other: None }, some, false),
        },
    };
    let mut need = question_need(at, options, free_text);
    need.detail = descriptions(schema);
    Ask { need, field }
}

fn choices(schema: &Value) -> Vec<NeedOption> {
    if let Some(values) = schema["enum"].as_array() {
        let names = &schema["enumNames"];
        let option = |(i, value): (usize, &Value)| {
            let id = value.as_str()?;
            Some(choice(id, names[i].as_str().unwrap_or(id)))
        };
        return values.iter().enumerate().take(OPTIONS_MAX).filter_map(option).collect();
    }
    let titled = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    let option = |o: &Value| {
        let id = o["const"].as_str()?;
        Some(choice(id, o["title"].as_str().unwrap_or(id)))
    };
    titled.into_iter().flatten().take(OPTIONS_MAX).filter_map(option).collect()
}

/// Whether this property only takes what the choice before it does not offer.
fn is_other_text(params: &Value, name: &str, schema: &Value) -> bool {
    let required = params["requestedSchema"]["required"].as_array();
    let is_required = required.is_some_and(|all| all.iter().any(|r| r == name));
    let plain_text = schema["type"].as_str().unwrap_or("string") == "string";
    plain_text && choices(schema).is_empty() && !is_required
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(schema: Value) -> OpenRequest {
        let params = json!({"mode": "form", "message": "Which?", "requestedSchema": schema});
        OpenRequest::elicitation(json!(4), 9, Millis(1), &params).unwrap()
    }

    fn answered(request: &OpenRequest, answers: &[Answer]) -> Option<Value> {
        let ids = request.needs().map(|n| n.id.clone());
        request.result(&ids.zip(answers.iter().cloned()).collect::<Vec<_>>())
    }

    fn option(id: &str) -> Answer {
        Answer::Option { id: id.into() }
    }

    fn text(text: &str) -> Answer {
        Answer::Text { text: text.into() }
    }

    #[test]
    fn one_property_is_one_question() {
        let one_of = json!({"properties": {"q": {"oneOf": [
            {"const": "r", "title": "Red"}, {"const": "b", "title": "Blue"}]}}});
        let cases = [
            (one_of.clone(), option("b"), json!({"q": "b"})),
            (one_of, text("red"), json!({"q": "r"})),
            (
                json!({"properties": {"q": {"type": "string", "enum": ["x", "y"]}}}),
                text("Y"),
                json!({"q": "y"}),
            ),
            (json!({"properties": {"q": {"type": "boolean"}}}), text("no"), json!({"q": false})),
            (json!({"properties": {"q": {"type": "string"}}}), text("a b"), json!({"q": "a b"})),
            (json!({"properties": {"q": {"type": "integer"}}}), text("42"), json!({"q": 42})),
            (
                json!({"properties": {"q": {"type": "array", "items": {"enum": ["x", "y"]}}}}),
                text("x, y"),
                json!({"q": ["x", "y"]}),
            ),
        ];
        for (schema, answer, expected) in cases {
            let request = form(schema.clone());
            assert_eq!(request.asks.len(), 1, "{schema}");
            assert_eq!(request.asks[0].need.question, "Which?");
            let result = answered(&request, &[answer]).unwrap();
            assert_eq!(result, json!({"action": "accept", "content": expected}), "{schema}");
        }
    }

    #[test]
    fn a_text_beside_a_choice_makes_it_free() {
        let request = form(json!({"properties": {
            "choice": {"oneOf": [{"const": "r", "title": "Red"}]}, "other": {"type": "string"}}}));
        assert_eq!(request.asks.len(), 1);
        assert!(request.asks[0].need.free_text);
        let result = answered(&request, &[text("green")]).unwrap();
        assert_eq!(result["content"], json!({"other": "green"}));
        assert_eq!(request.labels(Some(&result)), ["green"]);
    }

    #[test]
    fn several_properties_are_asked_one_by_one_and_answered_together() {
        let request = form(json!({"required": ["a", "b"], "properties": {
            "a": {"type": "boolean", "title": "Sure"}, "b": {"type": "string"}}}));
        let ids: Vec<&str> = request.needs().map(|n| n.id.0.as_str()).collect();
        assert_eq!(ids, ["need-9-1", "need-9-2"]);
        assert_eq!(request.asks[0].need.question, "Which? — Sure");
        assert_eq!(answered(&request, &[option("true")]), None);
        let result = answered(&request, &[option("true"), text("x")]).unwrap();
        assert_eq!(result["content"], json!({"a": true, "b": "x"}));
        assert_eq!(request.labels(Some(&result)), ["Yes", "x"]);
    }

    #[test]
    fn the_questions_of_a_real_agent_are_understood() {
        let choice = |own: &str| {
            json!({"type": "string", "title": "Head", "description": own,
            "oneOf": [{"const": "Red", "title": "Red", "description": "warm"}]})
        };
        let several = json!({"type": "array", "description": "Which ones?",
            "items": {"anyOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]}});
        let custom = json!({"type": "string", "title": "Other", "description": "Your own."});
        let request = form(json!({"type": "object", "properties": {
            "question_0": choice("Which colour?"), "question_0_custom": custom,
            "question_1": several, "question_1_custom": custom}}));
        let questions: Vec<&str> = request.needs().map(|n| n.question.as_str()).collect();
        assert_eq!(questions, ["Which colour?", "Which ones?"]);
        assert_eq!(request.asks[0].need.detail, "Red: warm");
        let result = answered(&request, &[text("green"), text("b, c, A")]).unwrap();
        let expected = json!({"question_0_custom": "green", "question_1": ["b", "a"],
            "question_1_custom": "c"});
        assert_eq!(result["content"], expected);
        assert_eq!(request.labels(Some(&result)), ["green", "B, A, c"]);
    }

    #[test]
    fn a_form_without_properties_is_confirmed_or_declined() {
        let request = form(json!({}));
        assert_eq!(answered(&request, &[option("decline")]), Some(json!({"action": "decline"})));
        assert_eq!(request.cancelled(), json!({"action": "cancel"}));
    }

    #[test]
    fn a_page_is_opened_by_the_user_and_only_one_of_the_web() {
        let asks = |url: &str| {
            let params = json!({"mode": "url", "url": url, "message": "Connect your account"});
            OpenRequest::elicitation(json!(1), 1, Millis(1), &params)
        };
        let request = asks("https://example.org/connect?id=1").unwrap();
        let need = &request.asks[0].need;
        let shown = (need.question.as_str(), need.detail.as_str());
        assert_eq!(shown, ("Connect your account", "https://example.org/connect?id=1"));
        assert_eq!(answered(&request, &[option("accept")]).unwrap()["action"], "accept");
        assert_eq!(answered(&request, &[option("decline")]), Some(json!({"action": "decline"})));
        assert_eq!(request.cancelled(), json!({"action": "cancel"}));
        for url in
            ["javascript:alert(1)", "file:///etc/passwd", "https://a\n.b", "", "nightshift://x"]
        {
            assert!(asks(url).is_none(), "{url}");
        }
        let other = json!({"mode": "hologram", "message": "look"});
        assert!(OpenRequest::elicitation(json!(1), 1, Millis(1), &other).is_none());
    }
}
