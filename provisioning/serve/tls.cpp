// SPDX-License-Identifier: MIT
// OpenSSL on memory: a session reads from one buffer and writes to another.
#include "provisioning/serve/tls.hpp"

#include "provisioning/base/error_mark.hpp"

#include <array>
#include <climits>
#include <new>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

namespace serve {
namespace {

using base::Errc;
using base::fail;

// Forward secrecy for all; CBC with it because desk phones of ten years ago have no GCM. No DHE:
// its exponent costs the server more than anybody should be able to make it pay.
constexpr const char* ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!eNULL:!PSK";

// Without forward secrecy, and last, for who has nothing else. Security level 0 lets keys of 1024
// bits and the signatures of TLS 1.0 pass, which are of MD5 with SHA-1.
constexpr const char* legacy_ciphers =
    "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:kRSA+AESGCM:kRSA+AES+SHA256:kRSA+AES+SHA:"
    "!aNULL:!eNULL:!PSK:@SECLEVEL=0";

struct CtxFree {
    void operator()(SSL_CTX* ctx) const noexcept { SSL_CTX_free(ctx); }
};

struct SslFree {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};

struct BioFree {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};

struct CertificateFree {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

struct KeyFree {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};

using BioPtr = std::unique_ptr<BIO, BioFree>;
using CertificatePtr = std::unique_ptr<X509, CertificateFree>;
using KeyPtr = std::unique_ptr<EVP_PKEY, KeyFree>;

BioPtr reading(std::string_view text) {
    return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

base::Status use_certificates(SSL_CTX* ctx, const std::string& pem) {
    const auto bio = reading(pem);
    CertificatePtr first(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!first) {
        return fail(Errc::malformed, "there is no certificate in PEM form");
    }
    if (SSL_CTX_use_certificate(ctx, first.get()) != 1) {
        return fail(Errc::refused, "OpenSSL does not take the certificate: its key is too weak or "
                                   "of a kind that TLS does not know");
    }
    while (CertificatePtr next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
        if (SSL_CTX_add0_chain_cert(ctx, next.get()) != 1) {
            return fail(Errc::refused, "OpenSSL does not take a certificate of the chain");
        }
        (void)next.release(); // add0 owns it now
    }
    return {};
}

base::Status use_key(SSL_CTX* ctx, const base::Secret& pem) {
    const base::Revealed text = pem.reveal();
    const auto bio = reading(text);
    // Without a callback OpenSSL would ask for a password on the terminal of the PBX.
    const KeyPtr key(PEM_read_bio_PrivateKey(
        bio.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr));
    if (!key) {
        return fail(Errc::malformed, "there is no private key in PEM form without a password");
    }
    if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
        return fail(Errc::conflict, "the key does not belong to the certificate");
    }
    return {};
}

/// What the newest error of this thread means when a phone is at the other end.
std::string reason_of_failure(const TlsReach& reach) {
    const auto error = ERR_peek_last_error();
    switch (ERR_GET_REASON(error)) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "it does not trust our CA; install the CA's certificate on it (pnp show ca)";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        return "it does not accept our certificate; install the CA's certificate on it (pnp show "
               "ca)";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        return "it takes our certificate for expired or not yet valid; look at its clock";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return fmt::format("it speaks no TLS of version {} or newer; {}",
                           reach.legacy ? "1.0" : "1.2", reach.remedy);
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_GROUPS:
        return fmt::format("it and we have no cipher in common; {}", reach.remedy);
    case SSL_R_HTTP_REQUEST:
        return "it speaks plain HTTP at the port of HTTPS; its URL must start with https://";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNEXPECTED_MESSAGE:
        return "what it sent is no TLS";
    default: {
        const char* words = ERR_reason_error_string(error);
        return words != nullptr ? words : "no reason is known";
    }
    }
}

} // namespace

struct TlsContext::State {
    std::unique_ptr<SSL_CTX, CtxFree> ctx;
    TlsReach reach;
};

base::Result<std::shared_ptr<const TlsContext>> TlsContext::make(const Identity& identity,
                                                                 const TlsReach& reach) {
    const base::ErrorMark mark;
    auto state = std::make_shared<State>();
    state->reach = reach;
    state->ctx.reset(SSL_CTX_new(TLS_server_method()));
    auto* ctx = state->ctx.get();
    if (ctx == nullptr ||
        SSL_CTX_set_min_proto_version(ctx, reach.legacy ? TLS1_VERSION : TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, reach.legacy ? legacy_ciphers : ciphers) != 1) {
        return fail(Errc::io, "OpenSSL cannot be set up for TLS {}; look at its configuration",
                    reach.legacy ? "1.0" : "1.2");
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    // Tickets carry sessions, so that the next files of a chain need no signature; nothing is kept.
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (auto done = use_certificates(ctx, identity.certificates); !done) {
        return tl::unexpected(done.error());
    }
    if (auto done = use_key(ctx, identity.key); !done) {
        return tl::unexpected(done.error());
    }
    std::shared_ptr<TlsContext> context(new TlsContext);
    context->state_ = std::move(state);
    return std::shared_ptr<const TlsContext>(std::move(context));
}

struct TlsSession::State {
    std::shared_ptr<const TlsContext::State> context;
    std::unique_ptr<SSL, SslFree> ssl;
    BIO* in = nullptr; // both owned by ssl
    BIO* out = nullptr;

    /// Of a call that returned `result`.
    Step step(int result) const {
        switch (SSL_get_error(ssl.get(), result)) {
        case SSL_ERROR_NONE:
        case SSL_ERROR_ZERO_RETURN:
            return Step::done;
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return Step::more;
        default:
            return Step::failed;
        }
    }
};

TlsSession::TlsSession(const TlsContext& context) : state_(std::make_unique<State>()) {
    state_->context = context.state();
    state_->ssl.reset(SSL_new(state_->context->ctx.get()));
    BioPtr in(BIO_new(BIO_s_mem()));
    BioPtr out(BIO_new(BIO_s_mem()));
    if (!state_->ssl || !in || !out) {
        throw std::bad_alloc();
    }
    // An empty buffer means "later", not "the end".
    BIO_set_mem_eof_return(in.get(), -1);
    BIO_set_mem_eof_return(out.get(), -1);
    state_->in = in.get();
    state_->out = out.get();
    SSL_set_bio(state_->ssl.get(), in.release(), out.release());
    SSL_set_accept_state(state_->ssl.get());
}

TlsSession::~TlsSession() = default;

void TlsSession::received(std::string_view bytes) {
    if (bytes.empty()) {
        return;
    }
    has_begun_ = true;
    if (BIO_write(state_->in, bytes.data(), static_cast<int>(bytes.size())) !=
        static_cast<int>(bytes.size())) {
        throw std::bad_alloc();
    }
}

std::size_t TlsSession::waiting_to_send() const {
    return BIO_ctrl_pending(state_->out);
}

std::string TlsSession::to_send() {
    std::string bytes(waiting_to_send(), '\0');
    if (!bytes.empty() &&
        BIO_read(state_->out, bytes.data(), static_cast<int>(bytes.size())) <= 0) {
        bytes.clear();
    }
    return bytes;
}

TlsSession::Step TlsSession::handshake() {
    ERR_clear_error();
    const auto step = state_->step(SSL_do_handshake(state_->ssl.get()));
    if (step == Step::failed) {
        why_ = reason_of_failure(state_->context->reach);
    }
    return step;
}

TlsSession::Step TlsSession::read(std::string& out) {
    std::array<char, 4096> bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): SSL_read fills
    while (true) {
        ERR_clear_error();
        std::size_t length = 0;
        const int result = SSL_read_ex(state_->ssl.get(), bytes.data(), bytes.size(), &length);
        if (result != 1) {
            return state_->step(result);
        }
        out.append(bytes.data(), length);
        OPENSSL_cleanse(bytes.data(), length);
    }
}

TlsSession::Step TlsSession::write(std::string_view bytes) {
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(state_->ssl.get(), bytes.data(), bytes.size(), &written);
    return result == 1 && written == bytes.size() ? Step::done : Step::failed;
}

void TlsSession::end() {
    ERR_clear_error();
    SSL_shutdown(state_->ssl.get());
}

} // namespace serve
