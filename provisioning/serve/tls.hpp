// SPDX-License-Identifier: MIT
// TLS of one connection as bytes in and bytes out: sockets stay with their owner, OpenSSL in
// tls.cpp and certificates.cpp.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/serve/certificates.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace serve {

/// Which clients are spoken with.
struct TlsReach {
    /// TLS 1.0 and newer, RSA key exchange, AES-CBC with SHA-1, keys of 1024 bits: phones of 2008
    /// know nothing newer. Never SSL 3, RC4 or DES.
    bool legacy = false;
    /// Said to an operator of a client that is too old.
    std::string remedy = "its firmware is too old for https";
};

/// What new connections get: the certificate, its key, and which protocols are spoken.
class TlsContext {
  public:
    /// An error says what is wrong with the certificate or its key, and what to do.
    static base::Result<std::shared_ptr<const TlsContext>> make(const Identity& identity,
                                                                const TlsReach& reach = {});

    struct State;

    const std::shared_ptr<const State>& state() const noexcept { return state_; }

  private:
    TlsContext() = default;

    std::shared_ptr<const State> state_;
};

/// The server's end. Of one thread at a time; which one does not matter.
class TlsSession {
  public:
    enum class Step : std::uint8_t { more, done, failed };

    explicit TlsSession(const TlsContext& context);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    void received(std::string_view bytes); ///< from the network

    bool has_begun() const noexcept { return has_begun_; } ///< something was received

    std::string to_send(); ///< for the network; taken
    std::size_t waiting_to_send() const;

    /// Goes on with what was received. It computes with the private key: not on the loop thread.
    Step handshake();
    /// Appends what was decrypted. `done`: the peer says that it sends no more.
    Step read(std::string& out);
    Step write(std::string_view bytes); ///< a piece of a few records at most
    void end();                         ///< says that no more comes

    /// Why the handshake failed, for an operator.
    const std::string& why() const noexcept { return why_; }

  private:
    struct State;
    std::unique_ptr<State> state_;
    std::string why_;
    bool has_begun_ = false;
};

} // namespace serve
