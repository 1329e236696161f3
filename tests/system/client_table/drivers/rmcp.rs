//! The client of the MCP SDK for Rust.
use std::{error::Error, io::BufRead};

use rmcp::{
    RoleClient, ServiceError, ServiceExt,
    model::{CallToolRequestParams, ClientInfo},
    service::{ClientInitializeError, RunningService},
    transport::{
        AuthClient, AuthorizationManager, StreamableHttpClientTransport,
        auth::{AuthorizationRequest, InMemoryCredentialStore, OAuthState},
        streamable_http_client::{
            AuthRequiredError, InsufficientScopeError, StreamableHttpClientTransportConfig,
        },
    },
};
use serde_json::{Value, json};

type Failure = Box<dyn Error + Send + Sync>;
type Session = RunningService<RoleClient, ClientInfo>;
const REDIRECT: &str = "http://127.0.0.1:8976/callback";

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// The text of an error and of its causes.
fn describe(error: &(dyn Error + 'static)) -> String {
    match error.source() {
        Some(cause) => format!("{error} <- {}", describe(cause)),
        None => error.to_string(),
    }
}

/// The challenge of a 401 or 403 somewhere among the causes of an error.
fn challenge(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<ClientInitializeError>() {
        return error.auth_challenge().map(str::to_owned);
    }
    // Where the error of a call keeps its cause; `source()` does not lead there.
    let mut source = match error.downcast_ref::<ServiceError>() {
        Some(ServiceError::TransportSend(error)) => Some(error.error.as_ref() as &dyn Error),
        _ => Some(error),
    };
    while let Some(current) = source {
        if let Some(found) = current.downcast_ref::<AuthRequiredError>() {
            return Some(found.www_authenticate_header.clone());
        }
        if let Some(found) = current.downcast_ref::<InsufficientScopeError>() {
            return Some(found.www_authenticate_header.clone());
        }
        source = current.source();
    }
    None
}

struct Driver {
    store: InMemoryCredentialStore,
    session: Option<Session>,
}

impl Driver {
    async fn manager(&self) -> Result<AuthorizationManager, Failure> {
        let mut manager = AuthorizationManager::new(env("MCP_URL")).await?;
        manager.set_credential_store(self.store.clone());
        manager.initialize_from_store().await?;
        Ok(manager)
    }

    /// The login that the library leaves to its user.
    async fn log_in(&self, challenge: &str) -> Result<(), Failure> {
        let mut state = OAuthState::Unauthorized(self.manager().await?);
        let request = AuthorizationRequest::new(REDIRECT)
            .with_client_name("client-table")
            .with_challenge(challenge);
        state.start_authorization(request).await?;
        let url = state.get_authorization_url().await?;
        let response = reqwest::Client::new()
            .get(env("BROWSER_URL"))
            .query(&[("url", url.as_str()), ("follow", "0")])
            .send()
            .await?
            .error_for_status()?;
        state.handle_callback_url(&response.text().await?).await?;
        Ok(())
    }

    async fn open(&mut self) -> Result<(), Failure> {
        let client = AuthClient::new(reqwest::Client::new(), self.manager().await?);
        let config = StreamableHttpClientTransportConfig::with_uri(env("MCP_URL"));
        let transport = StreamableHttpClientTransport::with_client(client, config);
        let opened = ClientInfo::default().serve(transport).await;
        self.session = Some(opened?);
        Ok(())
    }

    async fn connect(&mut self) -> Result<String, Failure> {
        if let Err(error) = self.open().await {
            match challenge(error.as_ref()) {
                Some(challenge) => self.log_in(&challenge).await?,
                None => return Err(error),
            }
            self.open().await?;
        }
        Ok(String::new())
    }

    fn session(&self) -> Result<&Session, Failure> {
        self.session.as_ref().ok_or_else(|| "there is no session".into())
    }

    async fn try_call(&self, tool: &str) -> Result<String, Failure> {
        let params = CallToolRequestParams::new(tool.to_owned());
        let result = serde_json::to_value(self.session()?.call_tool(params).await?)?;
        let text = result["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        match result["isError"] == true {
            true => Err(format!("isError: {text}").into()),
            false => Ok(text),
        }
    }

    async fn call(&mut self, tool: &str) -> Result<String, Failure> {
        let result = self.try_call(tool).await;
        let Err(error) = result else { return result };
        match challenge(error.as_ref()) {
            // A new session, since the running one keeps its token.
            Some(challenge) => {
                self.log_in(&challenge).await?;
                self.open().await?;
                self.try_call(tool).await
            }
            None => Err(error),
        }
    }

    async fn run(&mut self, request: &Value) -> Result<String, Failure> {
        match request["command"].as_str().unwrap_or_default() {
            "connect" => self.connect().await,
            "list" => {
                let tools = self.session()?.list_all_tools().await?;
                Ok(tools.iter().map(|tool| format!("{} ", tool.name)).collect())
            }
            "call" => self.call(request["tool"].as_str().unwrap_or_default()).await,
            _ => {
                if let Some(session) = self.session.take() {
                    session.cancel().await?;
                }
                Ok(String::new())
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut driver = Driver { store: InMemoryCredentialStore::new(), session: None };
    for line in std::io::stdin().lock().lines() {
        let reply = match driver.run(&serde_json::from_str(&line?)?).await {
            Ok(text) => json!({ "ok": true, "text": text }),
            Err(error) => json!({ "ok": false, "text": describe(error.as_ref()) }),
        };
        println!("@@{reply}");
    }
    Ok(())
}
