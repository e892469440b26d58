// SPDX-License-Identifier: MIT
// Who gets which file, with a real inventory and the shipped profiles, and what the timeline says.
#include "provisioning/base/log.hpp"
#include "provisioning/serve/files.hpp"

#include "client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace {

using base::Mac;
using inventory::Stage;
using inventory::Step;
using serve::Files;
using serve::Request;
using serve::Response;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const Mac phone = *Mac::parse("001fc1000001");
const Mac other = *Mac::parse("001fc1000002");
const std::string own_file = "cfg001fc1000001.xml";
const std::string agent = "Htek UC926 2.0.4.2 00:1f:c1:00:00:01";
constexpr base::Ipv4 our_address{0x0A000001};
constexpr base::Ipv4 phone_address{0x0A000063};

const std::string no_token = "file_refused: no valid token: wrong, spent, expired or none";

class FilesTest : public testing::Test {
  protected:
    FilesTest() {
        std::string pattern = testing::TempDir() + "files-XXXXXX";
        folder = ::mkdtemp(pattern.data());
        base::log::set_sink([this](base::log::Level, std::string_view, std::string_view text) {
            logged.emplace_back(text);
        });
        auto opened = inventory::Inventory::open(folder + "/pnp.sqlite3", {}, clock);
        EXPECT_TRUE(opened) << opened.error().what;
        store = std::move(*opened);
        auto catalogue = profile::Catalogue::load("");
        EXPECT_TRUE(catalogue) << catalogue.error().what;
        files = std::make_unique<Files>(
            *store, clock,
            [this](const std::string& number) -> base::Result<profile::Account> {
                const auto snapshot = store->now();
                const auto* extension = snapshot.extension(number);
                if (extension == nullptr || number == broken) {
                    return base::fail(base::Errc::not_found, "the PBX has no {}", number);
                }
                return profile::Account{number, extension->name, extension->password};
            },
            [this](std::function<void()> task) { deferred.push_back(std::move(task)); });
        files->settings({*catalogue, {}, 5480});
        apply({inventory::AddExtension{{"201", "Anna", base::Secret("S3cret-of-201")}},
               inventory::AddExtension{{"202", "Ben", base::Secret("S3cret-of-202")}},
               inventory::Assign{phone, {"201"}}});
    }

    ~FilesTest() override {
        base::log::set_sink({});
        store.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    FilesTest(const FilesTest&) = delete;
    FilesTest& operator=(const FilesTest&) = delete;

    void apply(const std::vector<inventory::Change>& changes) {
        const auto done = store->apply(changes, "test");
        ASSERT_TRUE(done) << done.error().what;
    }

    std::string first_token(Mac mac = phone) {
        const std::vector<Mac> macs = {mac};
        const auto tokens = store->mint_first_tokens(macs);
        EXPECT_TRUE(tokens);
        return tokens->at(0);
    }

    std::string steady_token(Mac mac = phone) const {
        const auto snapshot = store->now();
        return store->steady_token(*snapshot.device(mac));
    }

    static Request request(const std::string& token, const std::string& name) {
        Request made;
        made.method = "GET";
        made.path = "/p/" + token + "/" + name;
        made.user_agent = agent;
        made.peer = {phone_address, 40000};
        made.local = {our_address, 5480};
        return made;
    }

    Response get(const std::string& token, const std::string& name = own_file) {
        return files->answer(request(token, name));
    }

    void run_deferred() {
        for (const auto& task : std::exchange(deferred, {})) {
            task();
        }
    }

    Stage stage(Mac mac = phone) const { return store->now().device(mac)->seen.stage; }

    /// The steps that requests leave, as "step: detail".
    std::vector<std::string> steps(Mac mac = phone) {
        std::vector<std::string> all;
        const auto events = store->timeline(mac);
        EXPECT_TRUE(events);
        for (const auto& event : *events) {
            if (event.step != Step::approved && event.step != Step::assigned &&
                event.step != Step::unassigned && event.step != Step::blocked) {
                EXPECT_EQ(event.address, phone_address.str());
                all.push_back(std::string(inventory::name(event.step)) + ": " + event.detail);
            }
        }
        return all;
    }

    base::FakeClock clock;
    std::string folder;
    std::vector<std::string> logged;
    std::unique_ptr<inventory::Inventory> store;
    std::unique_ptr<Files> files;
    std::vector<std::function<void()>> deferred;
    std::string broken;
};

void expect_the_404(const Response& response) {
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.content_type, "");
    EXPECT_EQ(response.body, nullptr);
    EXPECT_EQ(response.last_modified, 0);
}

TEST_F(FilesTest, GivesThePhoneItsFileByAFirstToken) {
    store->reached(phone, Stage::offered);
    const auto response = get(first_token());
    ASSERT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "application/xml");
    EXPECT_THAT(*response.body, HasSubstr("S3cret-of-201"));
    EXPECT_THAT(*response.body, HasSubstr("10.0.0.1:5480/p/" + steady_token()));
    EXPECT_THAT(steps(), ElementsAre("file_served: " + own_file + " by first token"));
    EXPECT_EQ(stage(), Stage::configured);
    EXPECT_EQ(files->counters().served, 1U);
    EXPECT_THAT(deferred, IsEmpty());
}

TEST_F(FilesTest, LearnsFromTheRequestWhatThePhoneIs) {
    get(first_token());
    const auto snapshot = store->now();
    const auto& seen = snapshot.device(phone)->seen;
    EXPECT_EQ(seen.address, phone_address);
    EXPECT_EQ(seen.model, "UC926");
    EXPECT_EQ(seen.version, "2.0.4.2");
    EXPECT_EQ(seen.user_agent, agent);
}

TEST_F(FilesTest, AnswersTheOtherNamesOfTheChainWithNotFound) {
    const auto token = first_token();
    for (const std::string name :
         {"factory0000.xml", "cfg0010.xml", "001fc1000001.cfg", "cfg001fc1000001"}) {
        expect_the_404(get(token, name));
    }
    const auto told = steps();
    ASSERT_THAT(told, SizeIs(4));
    EXPECT_THAT(told, Each(testing::StartsWith("file_missing: ")));
    EXPECT_THAT(told[2], HasSubstr("001fc1000001.cfg: not served, because"));
    EXPECT_EQ(files->counters().missing, 4U);
    EXPECT_EQ(get(token).status, 200) << "they are no mistakes and spend nothing";
}

TEST_F(FilesTest, CallsThePhoneConfiguredOnceItUsesItsSteadyUrl) {
    const auto first = first_token();
    ASSERT_EQ(get(first).status, 200);
    ASSERT_EQ(get(steady_token()).status, 200);
    EXPECT_EQ(stage(), Stage::configured);
    EXPECT_THAT(steps(), ElementsAre("file_served: " + own_file + " by first token",
                                     "configured: asked with its steady URL"));
    run_deferred();
    expect_the_404(get(first));
    EXPECT_EQ(get(steady_token()).status, 200);
}

TEST_F(FilesTest, EndsTheFirstTokensOnceAndAgainAfterANewOffer) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(get(steady_token()).status, 200);
    }
    EXPECT_THAT(deferred, SizeIs(1));
    run_deferred();

    const auto second = first_token();
    store->reached(phone, Stage::offered);
    ASSERT_EQ(get(second).status, 200);
    ASSERT_EQ(get(steady_token()).status, 200);
    EXPECT_THAT(deferred, SizeIs(1));
    run_deferred();
    expect_the_404(get(second));
}

TEST_F(FilesTest, LeavesARegisteredPhoneRegistered) {
    store->reached(phone, Stage::registered);
    get(steady_token(), "factory0000.xml");
    ASSERT_EQ(get(steady_token()).status, 200);
    EXPECT_EQ(stage(), Stage::registered);
}

TEST_F(FilesTest, ConsumesNothingByHead) {
    const auto first = first_token();
    for (const auto& token : {first, steady_token()}) {
        auto head = request(token, own_file);
        head.method = "HEAD";
        EXPECT_EQ(files->answer(head).status, 200);
    }
    EXPECT_THAT(deferred, IsEmpty());
    EXPECT_THAT(steps(), IsEmpty());
    EXPECT_EQ(stage(), Stage::heard);
}

TEST_F(FilesTest, ConsumesNothingByRangesAndConditions) {
    auto part = request(steady_token(), own_file);
    part.whole = false;
    EXPECT_EQ(files->answer(part).status, 200);
    EXPECT_EQ(stage(), Stage::configured) << "the phone holds its URL";
    EXPECT_THAT(deferred, IsEmpty());
    EXPECT_EQ(get(steady_token()).status, 200);
    EXPECT_THAT(deferred, SizeIs(1));
}

TEST_F(FilesTest, SaysSinceWhenAFileIsWhatItIs) {
    const auto token = steady_token();
    get(token);
    clock.advance(std::chrono::hours(1));
    const auto before = get(token).last_modified;
    EXPECT_EQ(before, clock.unix_ms() / 1000 - 3600);
    clock.advance(std::chrono::hours(1));
    EXPECT_EQ(get(token).last_modified, before);
    apply({inventory::Assign{phone, {"202"}}});
    get(token);
    clock.advance(std::chrono::seconds(1));
    EXPECT_EQ(get(token).last_modified, before + 7200);
}

TEST_F(FilesTest, GivesTheSameBytesForTheSameFacts) {
    const auto by_first = get(first_token());
    ASSERT_EQ(by_first.status, 200);
    const auto by_steady = get(steady_token());
    EXPECT_EQ(*by_first.body, *by_steady.body) << "each change restarts an Htek";
    auto browser = request(steady_token(), own_file);
    browser.user_agent = "curl/7.88.1";
    EXPECT_EQ(*files->answer(browser).body, *by_first.body);
    EXPECT_EQ(store->now().device(phone)->seen.model, "UC926");
}

TEST_F(FilesTest, RefusesAnExpiredFirstTokenAndSaysWhatToDo) {
    const auto token = first_token();
    clock.advance(std::chrono::hours(25));
    expect_the_404(get(token));
    EXPECT_THAT(
        steps(),
        ElementsAre("file_refused: first token expired; unplug the phone and plug it in again"));
    EXPECT_EQ(files->counters().refused, 1U);
}

TEST_F(FilesTest, RefusesAFileOfAnotherPhone) {
    apply({inventory::Assign{other, {"202"}}});
    expect_the_404(get(steady_token(), "cfg001fc1000002.xml"));
    EXPECT_THAT(steps(), ElementsAre("file_refused: cfg001fc1000002.xml names another phone"));
}

TEST_F(FilesTest, RefusesATokenThatAnotherPhoneUses) {
    auto borrowed = request(steady_token(), own_file);
    borrowed.user_agent = "Htek UC926 2.0.4.2 00:1f:c1:00:00:02";
    expect_the_404(files->answer(borrowed));
    EXPECT_THAT(steps(),
                ElementsAre("file_refused: the User-Agent names another phone (001fc1000002)"));
}

TEST_F(FilesTest, RefusesNamesOutsideTheChain) {
    for (const std::string name :
         {"CFG001FC1000001.XML", "passwd", "cfg001fc1000001.xml.bak", "fw900M.rom"}) {
        expect_the_404(get(steady_token(), name));
    }
    EXPECT_THAT(steps(), SizeIs(4));
    EXPECT_THAT(steps()[1], HasSubstr("passwd is not a file that Htek phones ask for"));
}

TEST_F(FilesTest, RefusesPhonesThatAreNotApprovedOrHaveNoExtension) {
    const auto steady = steady_token();
    const auto first = first_token();
    apply({inventory::Unassign{phone}});
    expect_the_404(get(steady));
    expect_the_404(get(first));
    apply({inventory::Assign{phone, {"201"}}, inventory::Block{phone}});
    expect_the_404(get(steady));
    expect_the_404(get(first));
    EXPECT_EQ(files->counters().served, 0U);
    EXPECT_THAT(steps(), Each(testing::StartsWith("file_refused: ")));
}

TEST_F(FilesTest, RefusesPathsOfAnotherShape) {
    const auto token = steady_token();
    for (const auto& path : std::vector<std::string>{
             "/", "/p", "/p/", "/p/" + token, "/p/" + token + "/", "/P/" + token + "/" + own_file,
             "/p/" + token + "x/" + own_file, "/p/" + token.substr(1) + "/" + own_file,
             "/p/" + token + "/x/" + own_file, "/x/p/" + token + "/" + own_file, "/" + own_file}) {
        auto shaped = request(token, own_file);
        shaped.path = path;
        expect_the_404(files->answer(shaped));
    }
    EXPECT_EQ(files->counters().strangers, 11U);
}

TEST_F(FilesTest, RecordsAnUnknownPhoneThatAsks) {
    auto asking = request(std::string(22, 'A'), "cfg001fc1000002.xml");
    asking.user_agent = "Htek UC926 2.0.4.2 00:1f:c1:00:00:02";
    expect_the_404(files->answer(asking));
    const auto snapshot = store->now();
    const auto* device = snapshot.device(other);
    ASSERT_NE(device, nullptr);
    EXPECT_EQ(device->state(), "pending");
    EXPECT_EQ(device->seen.address, phone_address);
    EXPECT_EQ(device->seen.user_agent, asking.user_agent);
    EXPECT_THAT(steps(other), ElementsAre(no_token));
}

TEST_F(FilesTest, LetsAStrangerWriteOneLineIntoATimelineAndNoMore) {
    for (int i = 0; i < 300; ++i) {
        auto guess = request(std::string(22, static_cast<char>('A' + i % 26)), own_file);
        if (i % 2 == 0) {
            guess.path = "/" + std::to_string(i) + own_file;
        }
        expect_the_404(files->answer(guess));
    }
    EXPECT_THAT(steps(), ElementsAre(no_token));
    EXPECT_EQ(store->now().device(phone)->seen.address.value, 0U)
        << "a guess says nothing about where the phone is";
}

TEST_F(FilesTest, RecordsNothingWhereNoPhoneIsNamed) {
    for (const std::string name :
         {"index.html", "cfg0000.xml", "000000000000.cfg", "cfg011fc1000002.xml", "12345678901"}) {
        expect_the_404(get(std::string(22, 'A'), name));
    }
    EXPECT_EQ(store->now().device_count(), 1U);
}

TEST_F(FilesTest, RefusesAPhoneThatNoProfileKnows) {
    const auto strange = *Mac::parse("020000000001");
    apply({inventory::Assign{strange, {"202"}}});
    auto asking = request(steady_token(strange), "020000000001.cfg");
    asking.user_agent = "Toaster 1.0";
    expect_the_404(files->answer(asking));
    EXPECT_THAT(steps(strange),
                ElementsAre("file_refused: no vendor profile matches this phone (vendor '', "
                            "User-Agent 'Toaster 1.0')"));
}

TEST_F(FilesTest, SaysWhichExtensionThePbxDoesNotHave) {
    broken = "201";
    expect_the_404(get(steady_token()));
    EXPECT_THAT(steps(),
                ElementsAre("file_refused: " + own_file +
                            " cannot be made: line 1 is extension 201: the PBX has no 201"));
    EXPECT_THAT(logged, testing::Contains(HasSubstr("line 1 is extension 201")));
    EXPECT_EQ(stage(), Stage::fetching);
    for (int i = 0; i < 100; ++i) {
        get(steady_token());
    }
    EXPECT_LT(logged.size(), 50U);
}

TEST_F(FilesTest, AnswersNotFoundBeforeItHasProfiles) {
    files->settings({});
    expect_the_404(get(steady_token()));
}

TEST_F(FilesTest, WritesNoTokenAndNoPasswordIntoTimelinesAndLogs) {
    const auto first = first_token();
    get(first);
    get(first, first);
    get(steady_token());
    get(std::string(22, 'A'), own_file);
    auto told = steps();
    told.insert(told.end(), logged.begin(), logged.end());
    EXPECT_THAT(told, Each(Not(HasSubstr(steady_token()))));
    EXPECT_THAT(told, Each(Not(HasSubstr("S3cret"))));
}

// Rendering for an admin

TEST_F(FilesTest, RendersWhatThePhoneWouldGet) {
    const auto served = get(steady_token());
    const auto rendered = files->render(phone, own_file, our_address, true);
    ASSERT_TRUE(rendered) << rendered.error().what;
    EXPECT_EQ(*rendered, *served.body);
}

TEST_F(FilesTest, HidesSecretsUnlessToldToReveal) {
    const auto rendered = files->render(phone, own_file, our_address, false);
    ASSERT_TRUE(rendered) << rendered.error().what;
    EXPECT_THAT(*rendered, HasSubstr("********"));
    EXPECT_THAT(*rendered, Not(HasSubstr("S3cret")));
    EXPECT_THAT(*rendered, Not(HasSubstr(steady_token()))) << "it opens the file with them";
    EXPECT_THAT(steps(), IsEmpty());
}

TEST_F(FilesTest, TellsTheCommandThatMakesAFilePossible) {
    const auto error = [this](Mac mac, const std::string& name = own_file) {
        const auto rendered = files->render(mac, name, our_address, false);
        EXPECT_FALSE(rendered);
        return rendered ? std::string() : rendered.error().what;
    };
    EXPECT_EQ(error(other), "001fc1000002 is not known: pnp assign 001fc1000002 EXT");
    store->saw(other, {});
    EXPECT_EQ(error(other), "001fc1000002 is pending: pnp assign 001fc1000002 EXT");
    apply({inventory::Approve{other}});
    EXPECT_EQ(error(other), "001fc1000002 has no extension: pnp assign 001fc1000002 EXT");
    EXPECT_THAT(error(phone, "nonsense.xml"),
                HasSubstr("nonsense.xml is not a file that Htek phones ask for; 001fc1000001 asks "
                          "for factory0000.xml, "));
    EXPECT_THAT(error(phone, "001fc1000001.cfg"), HasSubstr("with 404 on purpose: not served"));
    broken = "201";
    EXPECT_EQ(error(phone), "001fc1000001: line 1 is extension 201: the PBX has no 201");
    broken.clear();
    apply({inventory::Block{phone}});
    EXPECT_THAT(error(phone), HasSubstr("001fc1000001 is blocked: pnp "));
}

// Over a socket

TEST_F(FilesTest, AnswersOnTheWireWithTheSameBytesForEveryReason) {
    apply({inventory::Assign{other, {"202"}}});
    base::Loop loop;
    serve::Http http(loop, {}, [this](const Request& asked) { return files->answer(asked); });
    ASSERT_TRUE(http.listen({{base::Ipv4{INADDR_LOOPBACK}, 0}}).empty());
    serve_test::Client client(loop, http.listening().at(0));
    const auto ask = [&](const std::string& path) {
        return client.ask("GET " + path + " HTTP/1.1\r\nHost: a\r\nUser-Agent: " + agent +
                          "\r\n\r\n");
    };
    const auto served = ask("/p/" + steady_token() + "/" + own_file);
    EXPECT_EQ(served.status, 200);
    EXPECT_THAT(served.body, HasSubstr("S3cret-of-201"));
    const auto old = first_token();
    run_deferred(); // spends it
    for (const auto& path : std::vector<std::string>{
             "/p/" + steady_token() + "/factory0000.xml", "/p/" + steady_token() + "/nonsense",
             "/p/" + steady_token() + "/cfg001fc1000002.xml",
             "/p/" + steady_token(other) + "/" + own_file,
             "/p/" + steady_token(other) + "/cfg001fc1000002.xml", "/p/" + old + "/" + own_file,
             "/p/AAAAAAAAAAAAAAAAAAAAAA/" + own_file,
             "/p/AAAAAAAAAAAAAAAAAAAAAA/cfg001fc1000009.xml", "/p/%00/" + own_file,
             std::string("/../../etc/passwd")}) {
        EXPECT_EQ(ask(path).all(), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") << path;
    }
}

} // namespace
