// SPDX-License-Identifier: MIT
// pnpctl against the real control socket, and against daemons that do not behave.
#include "module/ctl/call.hpp"

#include "../admin/office.hpp"
#include "module/ctl/input.hpp"
#include "provisioning/admin/control.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Call : testing::Test {
    Office office;
    base::Loop loop;
    std::unique_ptr<admin::Control> control;
    std::string path = (office.shelf.folder() / "pnp.ctl").string();

    Call() {
        control = std::make_unique<admin::Control>(loop, office.commands);
        EXPECT_TRUE(control->listen(path));
        loop.start();
    }

    ~Call() override { loop.stop(); }

    ctl::Answer call(const std::vector<std::string>& words, std::string_view input = {}) {
        auto answer = ctl::call(path, words, base::Secret(input));
        EXPECT_TRUE(answer) << answer.error().what;
        return answer.value_or(ctl::Answer{-1, ""});
    }
};

TEST_F(Call, BringsTheReplyAsItStands) {
    EXPECT_EQ(call({"reload"}).text, "Read again.\n");
    EXPECT_EQ(call({"reload"}).status, 0);
    EXPECT_EQ(call({"asign"}).status, 2);
}

TEST_F(Call, CarriesALargeFileBothWays) {
    std::string csv = "mac,extensions,name\n";
    for (int i = 0; i < 500; ++i) {
        csv += fmt::format("001fc1{:06x},{},\"Phone, {}\"\n", i, 1000 + i, i);
    }
    EXPECT_EQ(call({"import", "-"}, csv).status, 0);
    EXPECT_EQ(call({"export"}).text, csv);
}

TEST_F(Call, BringsWhatTheDaemonSaysToTooMuch) {
    const auto answer = call({"import", "-"}, std::string(ctl::max_input + 1, 'x'));
    EXPECT_EQ(answer.status, 2);
    EXPECT_THAT(answer.text, HasSubstr("split the file"));
}

TEST_F(Call, SaysThatNobodyAnswers) {
    const auto answer = ctl::call(path + "-none", {"status"}, {});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().what, AllOf(HasSubstr("nobody answers"), HasSubstr("--control"),
                                           HasSubstr("start pnpd")));
}

TEST_F(Call, SaysThatAReplyWasCutShort) {
    const std::string odd = path + "-odd";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, odd.data(), odd.size());
    const base::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    ASSERT_EQ(::listen(listener.get(), 4), 0);
    for (const std::string_view reply :
         {"", "HTTP/1.1 400\n", "{\"status\":0,\"text_bytes\":9}\nhalf"}) {
        std::thread daemon([&] {
            const base::Fd fd(::accept(listener.get(), nullptr, nullptr));
            char request[512];
            [[maybe_unused]] auto got = ::recv(fd.get(), request, sizeof request, 0);
            ::send(fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
        });
        const auto answer = ctl::call(odd, {"status"}, {});
        daemon.join();
        ASSERT_FALSE(answer) << reply;
        EXPECT_THAT(answer.error().what, HasSubstr("closed before it answered"));
    }
}

TEST_F(Call, GivesUpOnADaemonThatHangs) {
    const std::string odd = path + "-hung";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, odd.data(), odd.size());
    const base::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    ASSERT_EQ(::listen(listener.get(), 4), 0);
    const auto answer = ctl::call(odd, {"status"}, {}, std::chrono::seconds(1));
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().what, HasSubstr("no answer"));
}

/// Standard input as the shell would give it.
class Input {
  public:
    explicit Input(std::string_view text) {
        int ends[2];
        if (::pipe(ends) == 0) {
            read_ = base::Fd(ends[0]);
            base::Fd write(ends[1]);
            EXPECT_EQ(::write(write.get(), text.data(), text.size()),
                      static_cast<ssize_t>(text.size()));
        }
    }

    int fd() const { return read_.get(); }

  private:
    base::Fd read_;
};

TEST(ReadInput, TakesTheFileOfAnImport) {
    const Shelf shelf;
    const std::string file = (shelf.folder() / "a.csv").string();
    std::ofstream(file) << "mac,extensions\n";
    EXPECT_EQ(ctl::read_input({"import", "--dry-run", file}, -1)->reveal(), "mac,extensions\n");
    EXPECT_EQ(ctl::read_input({"pnp", "import", file}, -1)->reveal(), "mac,extensions\n");
    EXPECT_THAT(ctl::read_input({"import", file + "x"}, -1).error().what, HasSubstr("a.csvx"));
}

TEST(ReadInput, TakesStandardInputForADash) {
    EXPECT_EQ(ctl::read_input({"import", "-"}, Input("a\nb\n").fd())->reveal(), "a\nb\n");
}

TEST(ReadInput, TakesOneLineForAPassword) {
    const Input input("secret\nrest");
    EXPECT_EQ(
        ctl::read_input({"extension", "add", "201", "--password-stdin"}, input.fd())->reveal(),
        "secret");
    char rest[8]{};
    EXPECT_EQ(::read(input.fd(), rest, sizeof rest), 4);
}

TEST(ReadInput, TakesNothingForTheRest) {
    EXPECT_TRUE(ctl::read_input({"status"}, -1)->empty());
    EXPECT_TRUE(ctl::read_input({"import"}, -1)->empty());
    EXPECT_TRUE(ctl::read_input({}, -1)->empty());
}

bool one_runs_here() {
    return std::filesystem::exists("/run/pnp/pnp.ctl") ||
           std::filesystem::exists("/run/asterisk/pnp.ctl") ||
           std::filesystem::exists("/run/freeswitch/pnp.ctl");
}

struct Export : Call {
    std::string folder = (office.shelf.folder() / "tftp").string();

    Export() {
        std::filesystem::create_directory(folder);
        auto reach = office.reach();
        reach.public_files = [this](std::optional<base::Ipv4>) {
            return std::vector<serve::Files::PublicFile>{{name, "# for\nall\n"}, {"b.cfg", ""}};
        };
        control = std::make_unique<admin::Control>(
            loop, std::make_shared<admin::Commands>(std::move(reach)));
        EXPECT_TRUE(control->listen(path + "-export"));
        path += "-export";
    }

    std::string name = "a.cfg";
};

TEST_F(Export, BringsFilesForAFolderOfTheCaller) {
    const std::vector<std::string> words = {"export", "tftp", "--host", "10.0.0.1", folder};
    const auto answer = call(words);
    EXPECT_EQ(answer.status, 0);
    EXPECT_EQ(answer.text, "");
    EXPECT_FALSE(std::filesystem::exists(folder + "/a.cfg")) << "not by the daemon";
    EXPECT_EQ(*ctl::write_output(words, answer.files),
              "Written: " + folder + "/a.cfg, " + folder + "/b.cfg.\n");
    EXPECT_EQ(*base::read_file(folder + "/a.cfg"), "# for\nall\n");
    std::ofstream(folder + "/a.cfg") << "mine";
    EXPECT_FALSE(ctl::write_output(words, answer.files));
    EXPECT_TRUE(ctl::write_output({"pnp", "export", "tftp", folder, "--replace"}, answer.files));
    const auto json = call({"--json", "export", "tftp", folder});
    EXPECT_THAT(json.text, HasSubstr("{\"name\":\"a.cfg\",\"text\":\"# for\\nall\\n\"}"));
    EXPECT_EQ(json.files.size(), 2U);
}

TEST_F(Export, NoDaemonChoosesWhereFilesGo) {
    name = "../a.cfg";
    const auto answer = call({"export", "tftp", folder});
    EXPECT_FALSE(ctl::write_output({"export", "tftp", folder}, answer.files));
    EXPECT_EQ(*ctl::write_output({"status"}, answer.files), "") << "nor when";
    EXPECT_EQ(*ctl::write_output({"export", "tftp"}, answer.files), "");
    EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(FindSocket, PrefersWhatWasGivenAndSaysWhatItTried) {
    const Shelf shelf;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(shelf.folder());
    ::unsetenv("PNP_CONTROL");
    const auto none = ctl::find_socket("");
    ::setenv("PNP_CONTROL", "/tmp/from-environment", 1);
    EXPECT_EQ(*ctl::find_socket(""), "/tmp/from-environment");
    EXPECT_EQ(*ctl::find_socket("/tmp/given"), "/tmp/given");
    ::unsetenv("PNP_CONTROL");
    std::filesystem::current_path(before);
    if (!one_runs_here()) {
        ASSERT_FALSE(none);
        EXPECT_THAT(none.error().what,
                    AllOf(HasSubstr("/run/pnp/pnp.ctl"), HasSubstr("/run/asterisk/pnp.ctl"),
                          HasSubstr("/run/freeswitch/pnp.ctl"), HasSubstr("./data/pnp.ctl"),
                          HasSubstr("PNP_CONTROL"), HasSubstr("start pnpd")));
    }
}

TEST(FindSocket, FindsTheOneThatRunMade) {
    if (one_runs_here()) {
        GTEST_SKIP() << "a daemon or a PBX with the module runs on this machine";
    }
    const Shelf shelf;
    const auto before = std::filesystem::current_path();
    std::filesystem::create_directory(shelf.folder() / "data");
    std::filesystem::current_path(shelf.folder());
    ::unsetenv("PNP_CONTROL");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, "data/pnp.ctl");
    const base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const auto found = ctl::find_socket("");
    std::filesystem::current_path(before);
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_EQ(*found, "data/pnp.ctl");
}

} // namespace
