// SPDX-License-Identifier: MIT
// A TLS client by OpenSSL on a socket, for tests; it drives the server's loop while it waits.
#pragma once

#include "client.hpp"

#include <memory>
#include <string>
#include <string_view>

#include <fcntl.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace serve_test {

class TlsClient {
  public:
    struct Wishes {
        std::string ca{};               ///< PEM; empty: any certificate passes
        int newest = TLS1_3_VERSION;    ///< protocol version
        const char* ciphers = nullptr;  ///< of TLS 1.2
        SSL_SESSION* session = nullptr; ///< to resume
    };

    TlsClient(base::Loop& loop, base::Endpoint server, const Wishes& wishes)
        : loop_(loop), socket_(loop, server), ctx_(SSL_CTX_new(TLS_client_method())) {
        SSL_CTX_set_security_level(ctx_.get(), 0); // for the protocols of old phones
        SSL_CTX_set_min_proto_version(ctx_.get(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(ctx_.get(), wishes.newest);
        if (wishes.ciphers != nullptr) {
            SSL_CTX_set_cipher_list(ctx_.get(), wishes.ciphers);
        }
        if (!wishes.ca.empty()) {
            const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
                BIO_new_mem_buf(wishes.ca.data(), static_cast<int>(wishes.ca.size())), BIO_free);
            const std::unique_ptr<X509, decltype(&X509_free)> certificate(
                PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
            X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx_.get()), certificate.get());
            SSL_CTX_set_verify(ctx_.get(), SSL_VERIFY_PEER, nullptr);
        }
        ssl_.reset(SSL_new(ctx_.get()));
        if (!wishes.ca.empty()) {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), server.address.str().c_str());
        }
        if (wishes.session != nullptr) {
            SSL_set_session(ssl_.get(), wishes.session);
        }
        SSL_set_fd(ssl_.get(), socket_.fd());
        ::fcntl(socket_.fd(), F_SETFL, O_NONBLOCK);
    }

    /// Empty when it succeeded, else OpenSSL's reason.
    std::string shake_hands() {
        return go_on([this] { return SSL_connect(ssl_.get()); });
    }

    void send(std::string_view bytes) {
        go_on([&] { return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); });
    }

    /// All that comes until there are so many bytes behind the head, or the end.
    std::string read(std::size_t body) {
        while (true) {
            const auto head = received_.find("\r\n\r\n");
            if (head != std::string::npos && received_.size() >= head + 4 + body) {
                return std::exchange(received_, {});
            }
            if (!read_some()) {
                return std::exchange(received_, {});
            }
        }
    }

    /// As much as its head says.
    std::string read_answer() {
        constexpr std::string_view field = "\r\nContent-Length: ";
        while (received_.find("\r\n\r\n") == std::string::npos) {
            if (!read_some()) {
                return std::exchange(received_, {});
            }
        }
        const auto at = received_.find(field);
        return read(at == std::string::npos
                        ? 0
                        : std::strtoul(received_.c_str() + at + field.size(), nullptr, 10));
    }

    bool read_some() {
        std::array<char, 4096> bytes{};
        int length = 0;
        const auto why = go_on([&] {
            length = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
            return length;
        });
        if (!why.empty()) {
            return false;
        }
        received_.append(bytes.data(), static_cast<std::size_t>(length));
        return true;
    }

    std::size_t received() const { return received_.size(); }

    std::string ask(std::string_view request, std::size_t body = 0) {
        send(request);
        return read(body);
    }

    SSL* ssl() { return ssl_.get(); }

  private:
    struct Free {
        void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }

        void operator()(SSL_CTX* ctx) const noexcept { SSL_CTX_free(ctx); }
    };

    template <class Call> std::string go_on(Call&& call) {
        std::string why = "nothing happened";
        until(loop_, [&] {
            ERR_clear_error();
            const int result = call();
            const int error = SSL_get_error(ssl_.get(), result);
            if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
                return false;
            }
            const char* words = ERR_reason_error_string(ERR_peek_last_error());
            why = error == SSL_ERROR_NONE ? "" : words != nullptr ? words : "the end";
            return true;
        });
        return why;
    }

    base::Loop& loop_;
    Client socket_;
    std::unique_ptr<SSL_CTX, Free> ctx_;
    std::unique_ptr<SSL, Free> ssl_;
    std::string received_;
};

} // namespace serve_test
