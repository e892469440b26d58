// SPDX-License-Identifier: MIT
// Contact-mes over real sockets on the loopback, to a phone that the test plays byte by byte.
#include "provisioning/wpi/contact_me_client.hpp"

#include "../serve/client.hpp"
#include "provisioning/wpi/contact_me.hpp"

#include <map>
#include <vector>

#include <fcntl.h>
#include <poll.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using serve_test::until;
using testing::HasSubstr;

constexpr const char* arrived = "HTTP/1.1 204 No Content\r\nServer: DlsClient\r\n"
                                "Content-Length: 0\r\nContent-type: text/html\r\n\r\n";

/// Listens as a phone does; what comes is taken when the test says so.
class PhoneEnd {
  public:
    explicit PhoneEnd(int backlog = 64)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        auto address = base::Endpoint{base::Ipv4{INADDR_LOOPBACK}, 0}.sockaddr();
        socklen_t length = sizeof address;
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
        EXPECT_EQ(::listen(socket_.get(), backlog), 0);
        EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
        here_ = base::Endpoint::from(address);
    }

    base::Endpoint here() const { return here_; }

    /// The next connection, non-blocking; steps the loop until it is there.
    base::Fd accept(base::Loop& loop) {
        base::Fd connection;
        until(loop, [&] {
            sockaddr_in from{};
            socklen_t length = sizeof from;
            connection = base::Fd(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&from),
                                            &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
            from_ = base::Endpoint::from(from);
            return static_cast<bool>(connection);
        });
        return connection;
    }

    base::Endpoint from() const { return from_; }

    void close() { socket_.close(); }

  private:
    base::Fd socket_;
    base::Endpoint here_;
    base::Endpoint from_;
};

void say(const base::Fd& connection, std::string_view bytes) {
    EXPECT_EQ(::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
}

std::string hear(base::Loop& loop, const base::Fd& connection, std::size_t size) {
    std::string bytes;
    until(loop, [&] {
        std::array<char, 4096> piece{};
        const auto got = ::recv(connection.get(), piece.data(), piece.size(), 0);
        bytes.append(piece.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
        return bytes.size() >= size || got == 0;
    });
    return bytes;
}

struct ContactMe : testing::Test {
    base::Loop loop;
    PhoneEnd phone;
    std::map<int, base::Endpoint> sockets;
    wpi::ContactMeDeadlines deadlines;
    std::optional<wpi::ContactMeClient> client;
    std::vector<base::Status> results;

    void start() {
        client.emplace(loop, deadlines, [this](int socket, base::Endpoint whom) {
            EXPECT_NE(::fcntl(socket, F_GETFD) & FD_CLOEXEC, 0);
            EXPECT_NE(::fcntl(socket, F_GETFL) & O_NONBLOCK, 0);
            sockets[socket] = whom;
        });
    }

    void send(base::Ipv4 own = {}) { send_to(phone.here(), own); }

    void send_to(base::Endpoint whom, base::Ipv4 own = {}) {
        client->send(own, whom, [this](base::Status status) { results.push_back(status); });
    }

    /// What comes of one that is answered so.
    std::string outcome_of(std::string_view answer, bool closes = true) {
        results.clear();
        send();
        auto connection = phone.accept(loop);
        say(connection, answer);
        if (closes) {
            ::shutdown(connection.get(), SHUT_WR);
        }
        EXPECT_TRUE(until(loop, [&] { return !results.empty(); }));
        return results.empty() ? "nothing" : results[0] ? "arrived" : results[0].error().what;
    }
};

TEST_F(ContactMe, SendsTheRequestAndHasArrivedWith204) {
    start();
    send();
    EXPECT_TRUE(results.empty());
    auto connection = phone.accept(loop);
    const auto request = wpi::contact_me_request(phone.here());
    EXPECT_EQ(hear(loop, connection, request.size()), request);
    say(connection, arrived); // and leaves it open: the head is all there is
    ASSERT_TRUE(until(loop, [&] { return !results.empty(); }));
    EXPECT_TRUE(results[0]) << results[0].error().what;
    EXPECT_EQ(client->under_way(), 0U);
    EXPECT_EQ(hear(loop, connection, 1), "") << "closed, and nothing more was sent";
    ASSERT_EQ(sockets.size(), 1U);
    EXPECT_EQ(sockets.begin()->second, phone.here());
}

TEST_F(ContactMe, ComesFromOurAddress) {
    start();
    send(*base::Ipv4::parse("127.0.0.9"));
    auto connection = phone.accept(loop);
    EXPECT_EQ(phone.from().address.str(), "127.0.0.9");
    send(*base::Ipv4::parse("192.0.2.1"));
    ASSERT_TRUE(until(loop, [&] { return !results.empty(); }));
    EXPECT_THAT(results[0].error().what, HasSubstr("cannot be called from 192.0.2.1"));
}

TEST_F(ContactMe, IsAnsweredInPieces) {
    start();
    send();
    auto connection = phone.accept(loop);
    for (const char* piece = arrived; *piece != '\0'; ++piece) {
        EXPECT_TRUE(results.empty());
        say(connection, {piece, 1});
        loop.step();
    }
    ASSERT_TRUE(until(loop, [&] { return !results.empty(); }));
    EXPECT_TRUE(results[0]);
}

TEST_F(ContactMe, SaysWhatWasWrong) {
    start();
    EXPECT_EQ(outcome_of(arrived), "arrived");
    EXPECT_THAT(outcome_of("HTTP/1.1 404 Not Found\r\n\r\n"), HasSubstr("answers 404"));
    EXPECT_THAT(outcome_of(""), HasSubstr("before its answer is whole"));
    EXPECT_THAT(outcome_of("HTTP/1.1 204 No Con"), HasSubstr("before its answer is whole"));
    EXPECT_THAT(outcome_of("\x16\x03\x01 TLS?", false), HasSubstr("something else than HTTP"));
    EXPECT_THAT(outcome_of("HTTP/1.1 204 N" + std::string(4096, 'o'), false),
                HasSubstr("more than 4096 bytes"));
    phone.close();
    results.clear();
    send();
    ASSERT_TRUE(until(loop, [&] { return !results.empty(); }));
    EXPECT_THAT(results[0].error().what, HasSubstr("does not let us connect: Connection refused"));
}

TEST_F(ContactMe, FollowsNoRedirect) {
    start();
    PhoneEnd third;
    const auto outcome = outcome_of(
        fmt::format("HTTP/1.1 302 Found\r\nLocation: http://{}/contact_dls.html/ContactDLS\r\n\r\n",
                    third.here().str()));
    EXPECT_THAT(outcome, HasSubstr("answers 302"));
    EXPECT_EQ(sockets.size(), 1U);
    EXPECT_EQ(sockets.begin()->second, phone.here());
}

TEST_F(ContactMe, WaitsNoLongerThanItsDeadlines) {
    deadlines = {50ms, 100ms};
    start();
    send();
    auto connection = phone.accept(loop);
    ASSERT_TRUE(until(loop, [&] { return !results.empty(); }));
    EXPECT_THAT(results[0].error().what, HasSubstr("does not answer"));

    // A listener whose queue is full drops what comes, as a firewall does.
    results.clear();
    PhoneEnd deaf(0);
    std::vector<serve_test::Client> filling;
    filling.emplace_back(loop, deaf.here());
    send_to(deaf.here());
    ASSERT_TRUE(until(loop, [&] { return !results.empty(); }));
    EXPECT_THAT(results[0].error().what, HasSubstr("is it on, and no firewall between?"));
}

TEST_F(ContactMe, SeveralAreUnderWayAtATime) {
    start();
    std::vector<base::Fd> connections;
    for (int i = 0; i < 16; ++i) {
        send();
    }
    EXPECT_EQ(client->under_way(), 16U);
    for (int i = 0; i < 16; ++i) {
        connections.push_back(phone.accept(loop));
    }
    EXPECT_EQ(sockets.size(), 16U);
    for (const auto& connection : connections) {
        say(connection, arrived);
    }
    ASSERT_TRUE(until(loop, [&] { return results.size() == 16; }));
    EXPECT_EQ(client->under_way(), 0U);
}

TEST_F(ContactMe, EndsWithItsOwnerAndTellsNobody) {
    start();
    send();
    auto connection = phone.accept(loop);
    send(); // not even begun
    client.reset();
    say(connection, arrived);
    for (int i = 0; i < 20; ++i) {
        loop.step(1ms);
    }
    EXPECT_TRUE(results.empty());
    EXPECT_EQ(sockets.size(), 1U);
}

} // namespace
