// SPDX-License-Identifier: MIT
// The control socket over real unix sockets.
#include "provisioning/admin/control.hpp"

#include "office.hpp"
#include "provisioning/admin/request.hpp"

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

base::Fd connected(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fd.close();
    }
    return fd;
}

std::string read_to_end(const base::Fd& fd) {
    std::string out;
    std::array<char, 4096> piece{};
    ssize_t got = 0;
    while ((got = ::recv(fd.get(), piece.data(), piece.size(), 0)) > 0) {
        out.append(piece.data(), static_cast<std::size_t>(got));
    }
    return out;
}

struct ControlSocket : testing::Test {
    Office office;
    base::Loop loop;
    std::unique_ptr<admin::Control> control;
    std::string path = (office.shelf.folder() / "pnp.ctl").string();

    ~ControlSocket() override { loop.stop(); }

    void listen(admin::ControlLimits limits = {}) {
        control = std::make_unique<admin::Control>(loop, office.commands, limits);
        const auto done = control->listen(path);
        ASSERT_TRUE(done) << done.error().what;
        loop.start();
    }

    std::string say(std::string_view bytes) {
        const base::Fd fd = connected(path);
        EXPECT_TRUE(fd);
        EXPECT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
        return read_to_end(fd);
    }

    mode_t mode() const {
        struct stat found {};

        return ::stat(path.c_str(), &found) == 0 ? found.st_mode : 0;
    }
};

TEST_F(ControlSocket, RunsACommandAndAnswers) {
    listen();
    EXPECT_EQ(say("{\"words\": [\"reload\"]}\n"),
              "{\"status\":0,\"text_bytes\":12}\nRead again.\n");
    EXPECT_EQ(say("{\"words\": [\"pnp\", \"--json\", \"reload\"]}\n"),
              "{\"status\":0,\"text_bytes\":25}\n{\"result\":\"Read again.\"}\n");
    EXPECT_THAT(say("{\"words\": [\"relaod\"]}\n"), StartsWith("{\"status\":2,"));
}

TEST_F(ControlSocket, NamesTheCallerByUid) {
    listen();
    say("{\"words\": [\"approve\", \"001fc1000001\"]}\n");
    const auto audit = office.shelf->audit(1);
    ASSERT_TRUE(audit);
    ASSERT_FALSE(audit->empty());
    EXPECT_EQ(audit->front().actor, fmt::format("uid {}", ::getuid()));
}

TEST_F(ControlSocket, TakesInputAsItIs) {
    listen();
    const std::string password = "p\"\\\xC3\xA9 {}";
    const std::string reply = say(fmt::format(
        "{{\"words\": [\"extension\", \"add\", \"201\", \"--password-stdin\"], \"input_bytes\": "
        "{}}}\n{}",
        password.size(), password));
    EXPECT_THAT(reply, StartsWith("{\"status\":0,"));
    const auto now = office.shelf->now();
    ASSERT_NE(now.extension("201"), nullptr);
    EXPECT_EQ(now.extension("201")->password.reveal(), password);
}

TEST_F(ControlSocket, TakesARequestThatComesInPieces) {
    listen();
    const base::Fd fd = connected(path);
    const std::string request = "{\"words\": [\"import\", \"-\"], \"input_bytes\": 15}\nmac,"
                                "extensions\n";
    for (const char& byte : request) {
        ASSERT_EQ(::send(fd.get(), &byte, 1, MSG_NOSIGNAL), 1);
    }
    EXPECT_THAT(read_to_end(fd), HasSubstr("0 phones assigned"));
}

TEST_F(ControlSocket, ReadsNoFileForACaller) {
    listen();
    EXPECT_THAT(say("{\"words\": [\"import\", \"/etc/passwd\"]}\n"), HasSubstr("is empty"));
}

TEST_F(ControlSocket, RefusesWhatIsNoRequest) {
    listen();
    EXPECT_THAT(say("status\n"), AllOf(StartsWith("{\"status\":2,"), HasSubstr("not understood")));
    EXPECT_THAT(say("{\"words\": [1]}\n"), HasSubstr("not all text"));
    EXPECT_THAT(say("{\"words\": [\"status\"]}\nmore"), HasSubstr("more input"));
    EXPECT_THAT(say(fmt::format("{{\"words\": [\"import\", \"-\"], \"input_bytes\": {}}}\n",
                                admin::max_request_input + 1)),
                HasSubstr("split the file"));
    EXPECT_THAT(say(std::string(admin::max_request_line, 'x')), HasSubstr("first line has more"));
}

TEST_F(ControlSocket, TellsACallerTooManyToComeAgain) {
    admin::ControlLimits limits;
    limits.connections = 1;
    listen(limits);
    const base::Fd first = connected(path);
    ASSERT_TRUE(first);
    const base::Fd second = connected(path);
    EXPECT_EQ(read_to_end(second),
              "{\"status\":1,\"text_bytes\":43}\ntoo many commands run now; try again later\n");
}

TEST_F(ControlSocket, ForgetsACallerThatSaysNothing) {
    admin::ControlLimits limits;
    limits.connections = 1;
    limits.request_deadline = std::chrono::milliseconds(20);
    listen(limits);
    EXPECT_THAT(read_to_end(connected(path)), IsEmpty());
    EXPECT_THAT(say("{\"words\": [\"reload\"]}\n"), StartsWith("{\"status\":0,"));
}

TEST_F(ControlSocket, SurvivesACallerThatGoesAway) {
    std::promise<void> running;
    std::promise<void> go_on;
    office.while_reloading = [&] {
        running.set_value();
        go_on.get_future().wait();
        office.while_reloading = [] {};
    };
    listen();
    {
        const base::Fd fd = connected(path);
        const std::string_view request = "{\"words\": [\"reload\"]}\n";
        ::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
        running.get_future().wait();
    }
    go_on.set_value();
    EXPECT_THAT(say("{\"words\": [\"version\"]}\n"), StartsWith("{\"status\":0,"));
}

TEST_F(ControlSocket, EndsWhileACommandRuns) {
    // The worker may still run when this test is over, so it holds its own share of both.
    const auto running = std::make_shared<std::promise<void>>();
    const auto go_on = std::make_shared<std::promise<void>>();
    office.while_reloading = [running, go_on] {
        running->set_value();
        go_on->get_future().wait();
    };
    listen();
    const base::Fd fd = connected(path);
    const std::string_view request = "{\"words\": [\"reload\"]}\n";
    ::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
    running->get_future().wait();
    std::promise<void> gone;
    loop.post([&] {
        control.reset();
        gone.set_value();
    });
    gone.get_future().wait();
    go_on->set_value();
    EXPECT_THAT(read_to_end(fd), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ControlSocket, IsForOwnerAndGroupWhateverTheUmask) {
    for (const mode_t mask : {mode_t{0}, mode_t{077}, mode_t{022}}) {
        const mode_t before = ::umask(mask);
        admin::Control one(loop, office.commands);
        EXPECT_TRUE(one.listen(path));
        EXPECT_EQ(::umask(before), mask) << "the umask belongs to the host";
        EXPECT_EQ(mode(), mode_t{S_IFSOCK | 0660});
    }
}

TEST_F(ControlSocket, ReplacesAStaleSocket) {
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        const base::Fd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
                  0);
    }
    ASSERT_TRUE(std::filesystem::exists(path));
    listen();
    EXPECT_THAT(say("{\"words\": [\"reload\"]}\n"), StartsWith("{\"status\":0,"));
}

TEST_F(ControlSocket, RefusesWhereAnotherAnswers) {
    listen();
    admin::Control second(loop, office.commands);
    const auto done = second.listen(path);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("another pnpd is running"));
    EXPECT_THAT(say("{\"words\": [\"reload\"]}\n"), StartsWith("{\"status\":0,"));
}

TEST_F(ControlSocket, LeavesAFileThatIsNoSocket) {
    std::ofstream(path) << "precious";
    admin::Control one(loop, office.commands);
    EXPECT_THAT(one.listen(path).error().what, HasSubstr("is no socket"));
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(ControlSocket, SaysWhatIsWrongWithItsPath) {
    admin::Control one(loop, office.commands);
    EXPECT_THAT(one.listen(std::string(200, 'x')).error().what, HasSubstr("1 to 107"));
    EXPECT_THAT(one.listen("").error().what, HasSubstr("1 to 107"));
    EXPECT_THAT(one.listen(path + "-none/pnp.ctl").error().what, HasSubstr("create its folder"));
}

TEST_F(ControlSocket, TakesItsFileAwayButNotAnothers) {
    {
        admin::Control one(loop, office.commands);
        ASSERT_TRUE(one.listen(path));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    {
        admin::Control one(loop, office.commands);
        ASSERT_TRUE(one.listen(path));
        std::filesystem::remove(path);
        std::ofstream(path) << "somebody else's";
    }
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(ControlSocket, MovesToAnotherPath) {
    listen();
    const std::string before = std::exchange(path, path + "2");
    std::promise<bool> moved;
    loop.post([&] { moved.set_value(control->listen(path).has_value()); });
    EXPECT_TRUE(moved.get_future().get());
    EXPECT_FALSE(std::filesystem::exists(before));
    EXPECT_THAT(say("{\"words\": [\"reload\"]}\n"), StartsWith("{\"status\":0,"));
}

TEST_F(ControlSocket, KeepsItsDescriptorsFromChildren) {
    listen();
    std::size_t sockets = 0;
    office.while_reloading = [&] {
        for (int fd = 3; fd < 1024; ++fd) {
            struct stat found {};

            if (::fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode)) {
                ++sockets;
                EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << fd;
            }
        }
    };
    say("{\"words\": [\"reload\"]}\n");
    EXPECT_GE(sockets, 3U) << "the listener, the caller and the called";
}

TEST_F(ControlSocket, WithOneCommandTakesNoOtherAndNoInput) {
    admin::ControlLimits limits;
    limits.only = "dhcp-event";
    limits.input_bytes = 0;
    listen(limits);
    EXPECT_THAT(say("{\"words\":[\"dhcp-event\",\"add\",\"0080f0123456\",\"10.0.0.7\"]}\n"),
                AllOf(StartsWith("{\"status\":0"), HasSubstr("0080f0123456 has the address")));
    for (const char* words : {"\"status\"", "\"approve\",\"0080f0123456\"", "\"help\"", "",
                              "\"--json\",\"show\",\"devices\"", "\"pnp\",\"reload\""}) {
        EXPECT_THAT(say(fmt::format("{{\"words\":[{}]}}\n", words)),
                    AllOf(StartsWith("{\"status\":1"), HasSubstr("nothing else")))
            << words;
    }
    EXPECT_THAT(say("{\"words\":[\"dhcp-event\"],\"input_bytes\":1}\nx"),
                HasSubstr("input of more than 0 bytes"));
    EXPECT_EQ(mode() & 0777U, 0660U);
}

} // namespace
