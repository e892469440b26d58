// SPDX-License-Identifier: MIT
// The least of a provisioning service for an OpenStage: TLS on a free port of loopback, one
// connection after the other, answers from a list. OpenSSL and nothing of the product's own server.
#pragma once

#include "exchange.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace phone {

/// A message of the service as the specification's examples have it.
inline std::string
dls(const std::string& nonce, const std::string& action, const std::string& items = "") {
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<DLSMessage xmlns=\"http://www.siemens.com/DLS\"\n"
        "  xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n"
        "  xsi:schemaLocation=\"http://www.siemens.com/DLS\">\n"
        " <Message nonce=\"{}\">\n  <Action>{}</Action>\n{}</Message>\n</DLSMessage>\n",
        nonce, action, items.empty() ? "" : "  <ItemList>" + items + "</ItemList>\n ");
}

inline std::string http_answer(const std::string& body,
                               const std::string& more = "",
                               const std::string& type = "text/xml") {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n{}",
                       type, body.size(), more, body);
}

/// Asks the phone that sent `message` to call; its answer, empty when it does not listen.
inline std::string contact_me(const std::string& message,
                              const std::string& parameters = "ContactMe=true") {
    const auto uri = between(message, "\"contact-me-uri\">http://", "</Item>");
    const auto slash = uri.find('/');
    const auto phone = base::Endpoint::parse(uri.substr(0, slash));
    const base::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto address = phone.value_or(base::Endpoint{}).sockaddr();
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return "";
    }
    const auto text =
        fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\n"
                    "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
                    "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                    uri.substr(slash), uri.substr(0, slash), parameters.size(), parameters);
    std::string answer;
    std::array<char, 512> buffer{};
    if (write(fd.get(), text.data(), text.size()) > 0) {
        for (auto length = read(fd.get(), buffer.data(), buffer.size()); length > 0;
             length = read(fd.get(), buffer.data(), buffer.size())) {
            answer.append(buffer.data(), static_cast<std::size_t>(length));
        }
    }
    return answer;
}

class WpiServer {
  public:
    struct Request {
        int connection = 0;
        std::string head; ///< with the empty line
        std::string body;

        std::string nonce() const { return between(body, "nonce=\"", "\""); }

        std::string reason() const {
            const auto start = body.find("<ReasonForContact");
            return start == std::string::npos ? ""
                                              : between(body.substr(start), ">", "</ReasonFor");
        }
    };

    /// The whole answer; nothing closes the connection.
    using Script = std::function<std::string(const Request&)>;

    WpiServer() {
        context_.reset(SSL_CTX_new(TLS_server_method()));
        certify();
        fd_ = base::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto local = base::Endpoint{{INADDR_LOOPBACK}, 0}.sockaddr();
        socklen_t size = sizeof local;
        auto* address = reinterpret_cast<sockaddr*>(&local);
        if (bind(fd_.get(), address, size) != 0 || listen(fd_.get(), 64) != 0 ||
            getsockname(fd_.get(), address, &size) != 0) {
            std::abort();
        }
        port_ = base::Endpoint::from(local).port;
        stop_ = base::Fd(eventfd(0, EFD_CLOEXEC));
        thread_ = std::thread([this] { run(); });
    }

    ~WpiServer() {
        eventfd_write(stop_.get(), 1);
        thread_.join();
    }

    WpiServer(const WpiServer&) = delete;
    WpiServer& operator=(const WpiServer&) = delete;

    std::uint16_t port() const { return port_; }

    /// The answer to the next message that has no answer yet; after the last one it is CleanUp.
    void then(Script script) {
        const std::lock_guard lock(mutex_);
        scripts_.push_back(std::move(script));
    }

    void
    then(const std::string& action, const std::string& items = "", const std::string& more = "") {
        then([=](const Request& request) {
            return http_answer(dls(request.nonce(), action, items), more);
        });
    }

    void serve_file(const std::string& path, const std::string& content) {
        const std::lock_guard lock(mutex_);
        files_.emplace_back(path, content);
    }

    /// Called for each message, before it is answered.
    void watch(std::function<void(const Request&, std::size_t number)> watcher) {
        const std::lock_guard lock(mutex_);
        watcher_ = std::move(watcher);
    }

    std::vector<Request> requests() {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

    std::vector<std::string> reasons() {
        std::vector<std::string> list;
        for (const auto& request : requests()) {
            list.push_back(request.body.empty() ? request.head.substr(0, request.head.find(" HTTP"))
                                                : request.reason());
        }
        return list;
    }

  private:
    struct Free {
        void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }

        void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }

        void operator()(X509* certificate) const noexcept { X509_free(certificate); }

        void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    };

    void certify() {
        const std::unique_ptr<EVP_PKEY, Free> key(EVP_EC_gen("P-256"));
        const std::unique_ptr<X509, Free> certificate(X509_new());
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
        X509_set_pubkey(certificate.get(), key.get());
        auto* name = X509_get_subject_name(certificate.get());
        const std::string text = "nobody's";
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
        X509_set_issuer_name(certificate.get(), name);
        X509_sign(certificate.get(), key.get(), EVP_sha256());
        if (SSL_CTX_use_certificate(context_.get(), certificate.get()) != 1 ||
            SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1) {
            std::abort();
        }
    }

    bool wait(int fd) {
        std::array<pollfd, 2> watched{{{stop_.get(), POLLIN, 0}, {fd, POLLIN, 0}}};
        poll(watched.data(), watched.size(), -1);
        return watched[0].revents == 0;
    }

    void run() {
        for (int connection = 1; wait(fd_.get()); ++connection) {
            const base::Fd client(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            const std::unique_ptr<SSL, Free> ssl(SSL_new(context_.get()));
            SSL_set_fd(ssl.get(), client.get());
            if (SSL_accept(ssl.get()) == 1) {
                talk(*ssl, client.get(), connection);
            }
        }
    }

    void talk(SSL& ssl, int fd, int connection) {
        std::string text;
        for (;;) {
            const auto end = text.find("\r\n\r\n");
            const auto length = field(text.substr(0, end) + "\r\n", "Content-Length");
            const auto size = length.empty() ? 0 : std::stoul(length);
            if (end != std::string::npos && text.size() >= end + 4 + size) {
                const Request request{connection, text.substr(0, end + 4),
                                      text.substr(end + 4, size)};
                text.erase(0, end + 4 + size);
                const auto answer = answer_to(request);
                if (answer.empty()) {
                    return;
                }
                SSL_write(&ssl, answer.data(), static_cast<int>(answer.size()));
                continue;
            }
            std::array<char, 8192> buffer{};
            if (SSL_pending(&ssl) == 0 && !wait(fd)) {
                return;
            }
            const auto count = SSL_read(&ssl, buffer.data(), static_cast<int>(buffer.size()));
            if (count <= 0) {
                return;
            }
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
    }

    std::string answer_to(const Request& request) {
        Script script;
        std::function<void(const Request&, std::size_t)> watcher;
        std::size_t number = 0;
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(request);
            number = requests_.size();
            if (request.head.rfind("GET ", 0) == 0) {
                for (const auto& [path, content] : files_) {
                    if (request.head.rfind("GET " + path + " ", 0) == 0) {
                        return http_answer(content, "", "application/octet-stream");
                    }
                }
                return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
            }
            watcher = watcher_;
            if (!scripts_.empty()) {
                script = std::move(scripts_.front());
                scripts_.pop_front();
            }
        }
        if (watcher) {
            watcher(request, number);
        }
        return script ? script(request) : http_answer(dls(request.nonce(), "CleanUp"));
    }

    std::unique_ptr<SSL_CTX, Free> context_;
    base::Fd fd_;
    base::Fd stop_;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::deque<Script> scripts_;
    std::vector<std::pair<std::string, std::string>> files_;
    std::function<void(const Request&, std::size_t)> watcher_;
    std::vector<Request> requests_;
    std::thread thread_;
};

} // namespace phone
