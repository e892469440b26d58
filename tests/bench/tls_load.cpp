// SPDX-License-Identifier: MIT
// Makes TLS 1.2 handshakes, each on a connection of its own, and nothing else.
//
//   tls_load ADDRESS PORT SECONDS CONNECTIONS full|resumed
//
// In TLS 1.2, which is what phones have, the client is done when the server is. So many connections
// are under way at a time; how many handshakes came about is told in JSON.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

struct Load {
    sockaddr_in server{};
    Clock::time_point end;
    bool resumes = false;
    std::atomic<unsigned> done{0};
    std::atomic<unsigned> resumed{0};
    std::atomic<unsigned> failed{0};
};

/// One handshake; `session` is what the next one may resume.
void shake_hands(Load& load, SSL_CTX* context, SSL_SESSION*& session) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    SSL* const ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    if (session != nullptr) {
        SSL_set_session(ssl, session);
    }
    if (connect(fd, reinterpret_cast<const sockaddr*>(&load.server), sizeof load.server) != 0 ||
        SSL_connect(ssl) != 1) {
        ++load.failed;
    } else {
        ++load.done;
        load.resumed += SSL_session_reused(ssl) == 1 ? 1 : 0;
        if (load.resumes) {
            SSL_SESSION_free(session);
            session = SSL_get1_session(ssl);
        }
        SSL_shutdown(ssl); // else the session counts as broken off
    }
    SSL_free(ssl);
    close(fd);
}

void run(Load& load) {
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_SESSION* session = nullptr;
    while (Clock::now() < load.end) {
        shake_hands(load, context, session);
    }
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
}

} // namespace

int main(int count, char** words) {
    Load load;
    if (count != 6 || inet_aton(words[1], &load.server.sin_addr) == 0) {
        std::fprintf(stderr, "tls_load ADDRESS PORT SECONDS CONNECTIONS full|resumed\n");
        return 2;
    }
    load.server.sin_family = AF_INET;
    load.server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(words[2])));
    load.resumes = std::string_view(words[5]) == "resumed";
    const auto began = Clock::now();
    load.end = began + std::chrono::seconds(std::atoi(words[3]));
    std::vector<std::thread> threads;
    for (int each = 0; each < std::atoi(words[4]); ++each) {
        threads.emplace_back([&load] { run(load); });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    std::printf("{\"handshakes\": %u, \"resumed\": %u, \"failed\": %u, \"seconds\": %.6f}\n",
                load.done.load(), load.resumed.load(), load.failed.load(),
                std::chrono::duration<double>(Clock::now() - began).count());
    return 0;
}
