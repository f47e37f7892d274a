//! Every failure that this layer itself can answer: its stable code, its status and what to do about it.

use axum::http::StatusCode;

/// Documentation of one code.
pub(crate) struct Entry {
    pub(crate) code: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) meaning: &'static str,
}

macro_rules! codes {
    ($($name:ident = $status:ident $code:literal, $title:literal: $meaning:literal;)+) => {
        /// A failure known by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {$($name,)+}

        impl Code {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)+];

            pub(crate) const fn entry(self) -> Entry {
                match self {$(
                    Self::$name => Entry {
                        code: $code,
                        status: StatusCode::$status,
                        title: $title,
                        meaning: $meaning,
                    },
                )+}
            }
        }
    };
}

codes! {
    MalformedJson = BAD_REQUEST "malformed_json", "Malformed JSON":
        "The body is not JSON. Nothing was written.";
    InvalidUtf8 = BAD_REQUEST "invalid_utf8", "Invalid UTF-8":
        "The body is not valid UTF-8. Nothing was written.";
    MalformedHeader = BAD_REQUEST "malformed_header", "Malformed header":
        "A request header cannot be read; `errors` names it. Nothing was written.";
    KeyMissing = BAD_REQUEST "idempotency_key_missing", "Idempotency key required":
        "Idempotency-Key header is required for this endpoint. Nothing was written.";
    UnreadableBody = BAD_REQUEST "unreadable_body", "Unreadable body":
        "The body ended early or its framing is broken. Nothing was written.";
    MalformedRequest = BAD_REQUEST "malformed_request", "Bad Request":
        "This is no request that HTTP knows. Nothing was written.";
    ForeignOrigin = BAD_REQUEST "foreign_origin", "Bad Request":
        "Disallowed CORS origin";
    InvalidStatus = BAD_REQUEST "invalid_status", "Bad Request":
        "A status is NEW, CONTACTED, QUOTED, WON or LOST.";
    Unauthenticated = UNAUTHORIZED "unauthenticated", "Unauthorized":
        "No valid login. Send an access token of a session, or HTTP Basic credentials of the organisation.";
    PhotoLinkInvalid = UNAUTHORIZED "photo_link_invalid", "Unauthorized":
        "Invalid or expired token";
    PhotoLinkUsed = GONE "photo_link_used", "Gone":
        "Download link already used";
    Forbidden = FORBIDDEN "forbidden", "Forbidden":
        "The role of this login lacks a permission; `errors` names its key.";
    FeatureDisabled = FORBIDDEN "feature_disabled", "Forbidden":
        "Disabled by org settings; `errors` names the feature. An owner can switch it on.";
    PasswordChangeRequired = FORBIDDEN "password_change_required", "Forbidden":
        "Password change required";
    MfaRequired = UNAUTHORIZED "mfa_required", "Unauthorized":
        "MFA verification required";
    MfaNotEnrolled = BAD_REQUEST "mfa_not_enrolled", "Bad Request":
        "MFA enrolment missing";
    MfaEnabled = CONFLICT "mfa_enabled", "Conflict":
        "A second factor is in use already; disable it first.";
    FreshLoginRequired = FORBIDDEN "fresh_login_required", "Forbidden":
        "Sign in again, or send a code of the second factor as mfa_code: the last login is too long ago for this.";
    ReadOnly = CONFLICT "read_only", "Conflict":
        "Admin writes temporarily disabled";
    AddressNotAllowed = FORBIDDEN "address_not_allowed", "Forbidden":
        "Admin access restricted to allowlisted IPs";
    CrossSite = FORBIDDEN "cross_site", "Forbidden":
        "A page of another site cannot do this with the login of a browser.";
    CsrfMissing = FORBIDDEN "csrf_missing", "Forbidden":
        "CSRF token missing";
    CsrfInvalid = FORBIDDEN "csrf_invalid", "Forbidden":
        "CSRF token invalid or missing";
    WeakPassword = BAD_REQUEST "weak_password", "Bad Request":
        "A password has at least 12 characters, with upper and lower case letters and a digit.";
    SessionNeeded = CONFLICT "session_needed", "Conflict":
        "This is about a session; the request was signed in with Basic credentials, which have none.";
    NotFound = NOT_FOUND "not_found", "Not Found":
        "There is no such thing, or it belongs to another organisation; the two are answered alike.";
    NoRoute = NOT_FOUND "route_not_found", "Not Found":
        "No route has this path.";
    OrganisationNotFound = NOT_FOUND "organisation_not_found", "Not Found":
        "Neither the host, nor the header X-Org, nor the default names an organisation.";
    MethodNotAllowed = METHOD_NOT_ALLOWED "method_not_allowed", "Method Not Allowed":
        "The path exists but not with this method; the header Allow lists those it has.";
    AmbiguousOrganisation = CONFLICT "ambiguous_organisation", "Several organisations":
        "This login is valid in several organisations; name one in the header X-Org.";
    ConcurrentChange = CONFLICT "concurrent_change", "Changed meanwhile":
        "Other commands changed the same thing at the same time, twice. Nothing was written; read again and decide again.";
    KeyReused = CONFLICT "idempotency_key_reused", "Idempotency conflict":
        "This Idempotency-Key belongs to a request with another method, path, query or body. Nothing was written.";
    ClaimTaken = CONFLICT "already_taken", "Already taken":
        "A value that must be unique in the organisation is in use. Nothing was written.";
    PeriodClosed = CONFLICT "period_closed", "Conflict":
        "The books of the month in which this would be written are closed. Nothing was written; an owner can reopen the month.";
    DepositCounted = CONFLICT "booking.deposit_counted", "Conflict":
        "An invoice counts this deposit: give it back there, or let the invoice count no more. Nothing was written.";
    SlotTaken = CONFLICT "slot_taken", "Slot taken":
        "Requested slot is no longer available; `conflicts` says what holds it. Nothing was written.";
    PortalAddressUnknown = CONFLICT "portal_address_unknown", "Conflict":
        "Nobody knows where a link into the portal of clients would lead: set CLIENT_PORTAL_BASE_URL, or register a host of the organisation and ask through it.";
    ChainBroken = CONFLICT "chain_broken", "Chain broken":
        "The log does not prove itself from the last checkpoint to its head, so the head is not signed; `detail` names the position.";
    SubjectErased = GONE "subject_erased", "Gone":
        "The person this is about was erased; nothing about them can be changed any more.";
    VersionMismatch = PRECONDITION_FAILED "version_mismatch", "Precondition Failed":
        "If-Match names another version than the current one, which `current_version` gives. Nothing was written.";
    NothingDue = CONFLICT "nothing_due", "Conflict":
        "Nothing is left to pay, or nothing is asked for.";
    WebhookInvalid = BAD_REQUEST "webhook_invalid", "Bad Request":
        "The message is not signed as agreed, too old, too long, no event, or another one was taken in under its id.";
    PaymentsOff = SERVICE_UNAVAILABLE "payments_off", "Service Unavailable":
        "Nobody pays by card here, or not for a while: Stripe is not set up, or could not be reached lately.";
    ProviderFailed = BAD_GATEWAY "payment_provider_failed", "Bad Gateway":
        "Stripe did not do what it was asked for. Nothing was written; try again.";
    BodyTooLarge = PAYLOAD_TOO_LARGE "body_too_large", "Payload Too Large":
        "The body is larger than this installation takes, 1 MiB unless configured otherwise. Nothing was written.";
    UriTooLong = URI_TOO_LONG "uri_too_long", "URI Too Long":
        "The address of the request is longer than anything here is called. Nothing was written.";
    HeadersTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE "headers_too_large", "Request Header Fields Too Large":
        "The headers of the request are larger than this installation takes, 32 KiB together. Nothing was written.";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type", "Unsupported Media Type":
        "Bodies are JSON: send Content-Type: application/json.";
    Invalid = UNPROCESSABLE_ENTITY "validation_failed", "Validation Error":
        "Request validation failed; `errors` has one entry per field. Nothing was written.";
    CaptchaRequired = UNPROCESSABLE_ENTITY "captcha_required", "Validation Error":
        "Captcha required: send what its widget answered as captcha_token. Nothing was written.";
    CaptchaFailed = UNPROCESSABLE_ENTITY "captcha_failed", "Validation Error":
        "Captcha failed: each answer of the widget is good once, and for a few minutes. Nothing was written.";
    RateLimited = TOO_MANY_REQUESTS "rate_limited", "Too Many Requests":
        "Rate limit exceeded";
    TooManyAttempts = TOO_MANY_REQUESTS "too_many_attempts", "Too Many Requests":
        "Too many failed logins under this name from this address; wait as long as Retry-After says.";
    Internal = INTERNAL_SERVER_ERROR "internal", "Internal Server Error":
        "Unexpected error. It was logged under the request id.";
    QueueFull = SERVICE_UNAVAILABLE "queue_full", "Service Unavailable":
        "Too many commands are waiting to be written. Nothing was written; try again after Retry-After.";
    Overloaded = SERVICE_UNAVAILABLE "overloaded", "Service Unavailable":
        "Too many requests are in progress. Nothing was written; try again after Retry-After.";
    DatabaseUnavailable = SERVICE_UNAVAILABLE "database_unavailable", "Service Unavailable":
        "The database cannot be reached. Nothing was written; try again after Retry-After.";
    RolledBack = SERVICE_UNAVAILABLE "rolled_back", "Service Unavailable":
        "The database undid the transaction. Nothing was written; try again after Retry-After.";
    OutcomeUnknown = SERVICE_UNAVAILABLE "outcome_unknown", "Service Unavailable":
        "The reply of the database was lost, so the command may or may not have been carried out. Repeat it with the same Idempotency-Key to learn its outcome.";
    StaleRead = SERVICE_UNAVAILABLE "stale_read", "Service Unavailable":
        "The read model has not reached X-Min-Position in time. Try again, or send X-Allow-Stale: 1.";
    CaptchaUnavailable = SERVICE_UNAVAILABLE "captcha_unavailable", "Service Unavailable":
        "The captcha cannot be checked. Nothing was written; try again after Retry-After.";
    StorageUnavailable = SERVICE_UNAVAILABLE "storage_unavailable", "Service Unavailable":
        "The place where photos are kept cannot be reached. Nothing was written; try again after Retry-After.";
    BackupNotVerified = SERVICE_UNAVAILABLE "backup_not_verified", "Service Unavailable":
        "No backup was verified within the last 26 hours, as far as this process can see.";
    SigningDisabled = SERVICE_UNAVAILABLE "signing_disabled", "Service Unavailable":
        "This installation has no signing key (HISTORY_SIGNING_KEY).";
    TimedOut = GATEWAY_TIMEOUT "timed_out", "Gateway Timeout":
        "The request took too long, 30 s unless configured otherwise. A command may have been carried out; repeat it with the same Idempotency-Key.";
    TooMuchHistory = UNPROCESSABLE_ENTITY "too_much_history", "Validation Error":
        "The list as of then would have to replay more events than one request may.";
}
