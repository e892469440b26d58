// SPDX-License-Identifier: MIT
// Where OpenStage phones are served, who of them is asked to call and when, and what consoles say.
#include "module/engine_wpi.hpp"

#include "../serve/tls_client.hpp"
#include "tests/dialplan/shelf.hpp"
#include "tests/no_memory.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/catalogue.hpp"
#include "provisioning/serve/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>

namespace engine {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const base::Mac phone = mac_of("001ae8102030");
const base::Mac stranger = mac_of("001ae8102031");
constexpr base::Ipv4 loopback{0x7F'00'00'01};
constexpr base::Ipv4 silent_place{0x7F'53'01'09}; ///< nobody listens there
constexpr base::Ipv4 first_card{0x7F'53'01'01};

struct WorkpointsTest : testing::Test {
    Shelf shelf;
    base::Loop loop;
    Settings settings;
    std::shared_ptr<const profile::Catalogue> catalogue = profile::Catalogue::load("").value();
    std::vector<base::Interface> served{{1, "lo", loopback, 8}};
    std::unique_ptr<Workpoints> workpoints;
    bool is_near = true; ///< on the network of one of our cards

    WorkpointsTest() {
        shelf.has_extension("201", "Anna");
        shelf.apply({inventory::Assign{phone, {"201"}}});
        settings.wpi.on = true;
        settings.wpi.port = 0;
        settings.wpi.poll_port = free_port();
        workpoints = std::make_unique<Workpoints>(
            loop, *shelf, shelf.clock, Settings{},
            Workpoints::Reach{
                [](const std::string& number) {
                    return profile::Account{number, "Anna", base::Secret("an-example-only")};
                },
                [](base::Ipv4) { return std::optional(phone); },
                [this](base::Ipv4) { return is_near ? std::optional(loopback) : std::nullopt; },
                [](base::Ipv4) { return std::optional(first_card); },
                {}});
    }

    void configure() {
        serve::FileSettings files;
        files.catalogue = catalogue;
        files.workpoints = {18443, settings.wpi.poll_port, settings.wpi.poll_interval};
        workpoints->settings(settings, std::make_shared<const serve::FileSettings>(files));
    }

    std::vector<base::Error> listen() {
        serve::Surroundings around;
        for (const auto& row : served) {
            around.served.push_back(row.network());
        }
        return workpoints->listen(served, around);
    }

    void has_certificate() { workpoints->tls(context()); }

    /// Made once: keys take their time.
    static std::shared_ptr<const serve::TlsContext> context() {
        static const auto made = [] {
            const Shelf place;
            const auto now = place.clock.unix_ms();
            const auto authority = serve::Authority::open(place.folder().string(), now);
            return *serve::TlsContext::make(*authority->issue({loopback}, "pbx", now));
        }();
        return made;
    }

    static std::uint16_t free_port() {
        base::Loop other;
        serve::Http server(other, {}, [](const serve::Request&) { return serve::Response{}; });
        EXPECT_THAT(server.listen({{loopback, 0}}), IsEmpty());
        return server.listening().front().port;
    }

    void start() {
        configure();
        has_certificate();
        EXPECT_THAT(listen(), IsEmpty());
    }

    /// It spoke before.
    void is_known(const std::string& uri) {
        inventory::Sighting seen;
        seen.address = silent_place;
        seen.model = "OpenStage 40";
        shelf->saw(phone, seen);
        shelf->workpoints().update(phone, [&](inventory::Workpoint& known) {
            known.address = silent_place;
            known.contact_me_uri = uri;
            known.last_contact = shelf.clock.unix_ms();
        });
    }

    void work() {
        while (loop.step(std::chrono::milliseconds(20))) {
        }
    }

    void add_job() {
        inventory::Job job;
        job.mac = phone;
        job.kind = inventory::JobKind::read;
        const auto added = shelf->workpoints().add(job, "test");
        ASSERT_TRUE(added) << added.error().what;
    }

    std::string row(const std::string& name) const {
        for (const auto& each : workpoints->status()) {
            if (each.name == name) {
                return each.value;
            }
        }
        return "(no such row)";
    }

    std::ptrdiff_t problems() const {
        const auto rows = workpoints->status();
        return std::count_if(rows.begin(), rows.end(),
                             [](const auto& each) { return each.is_problem; });
    }

    std::string poll(base::Mac mac) {
        const auto text = row("OpenStage polls");
        const auto port = base::parse_number(text.substr(text.rfind(':') + 1));
        serve_test::Client client(loop, {loopback, static_cast<std::uint16_t>(port.value_or(0))});
        EXPECT_TRUE(client.send("GET /dcmp/contact-me?device-id=" + mac.str() +
                                " HTTP/1.1\r\nHost: pbx\r\n\r\n"));
        return client.read().all().substr(0, 12);
    }

    base::Endpoint service() const {
        const auto text = row("OpenStage");
        const auto port = base::parse_number(text.substr(text.rfind(':') + 1));
        return {loopback, static_cast<std::uint16_t>(port.value_or(0))};
    }

    void look_after() {
        for (int second = 0; second < 5; ++second) {
            workpoints->tick();
        }
        work();
    }

    std::string wanted(const std::string& name) {
        const auto snapshot = shelf->now();
        const auto items = workpoints->wanted(*snapshot.device(phone));
        if (!items) {
            return items.error().what;
        }
        for (const auto& item : *items) {
            if (item.name == name) {
                return item.value;
            }
        }
        return "(not wanted)";
    }

    std::string last_step() {
        const auto events = shelf->timeline(phone);
        return events && !events->empty()
                   ? std::string(name(events->back().step)) + ": " + events->back().detail
                   : "nothing";
    }
};

/// A phone that talks, or somebody who says that he is one.
class Talk {
  public:
    explicit Talk(WorkpointsTest& at) : at_(at), client_(at.loop, at.service(), {}) {
        EXPECT_EQ(client_.shake_hands(), "");
    }

    /// The action that it is told.
    std::string say(const std::string& reason, const std::string& items) {
        static int nonce = 1000;
        const auto body =
            fmt::format("<WorkpointMessage><Message nonce=\"{}\" maxItems=\"-1\">"
                        "<ReasonForContact{}</ReasonForContact><ItemList>{}</ItemList>"
                        "</Message></WorkpointMessage>",
                        ++nonce, reason, items);
        const auto head = fmt::format("POST /DeploymentService/LoginService HTTP/1.1\r\n"
                                      "Host: pbx\r\n{}Content-Length: {}\r\n\r\n",
                                      cookie_, body.size());
        client_.send(head + body);
        const auto answer = client_.read_answer();
        if (const auto set = answer.find("JSESSIONID="); set != std::string::npos) {
            cookie_ = "Cookie: " + answer.substr(set, answer.find(';', set) - set) + "\r\n";
        }
        const auto from = answer.find("<Action>") + 8;
        return answer.substr(from, answer.find("</Action>") - from);
    }

    std::string open(const std::string& reason) {
        return say(">" + reason, fmt::format("<Item name=\"mac-addr\">{}</Item>"
                                             "<Item name=\"device-type\">OpenStage 40</Item>"
                                             "<Item name=\"e164\">201</Item>",
                                             phone.str()));
    }

    std::string answer(const std::string& action) {
        return say(fmt::format(" action=\"{}\" status=\"accepted\">reply-to", action),
                   action == "ReadAllItems" ? "<Item name=\"ringer-melody\">2</Item>" : "");
    }

    /// To its end.
    void whole(const std::string& reason) {
        auto action = open(reason);
        for (int turn = 0; turn < 10 && action != "CleanUp"; ++turn) {
            action = answer(action);
        }
        EXPECT_EQ(action, "CleanUp");
        at_.work();
    }

  private:
    WorkpointsTest& at_;
    serve_test::TlsClient client_;
    std::string cookie_;
};

TEST_F(WorkpointsTest, NothingListensUntilItIsOnAndHasACertificate) {
    settings.wpi.on = false;
    configure();
    has_certificate();
    EXPECT_THAT(listen(), IsEmpty());
    EXPECT_EQ(row("OpenStage"), "off");

    settings.wpi.on = true;
    configure();
    workpoints->tls(nullptr);
    EXPECT_THAT(listen(), IsEmpty());
    EXPECT_EQ(row("OpenStage"), "not served yet: there is no certificate");
    EXPECT_EQ(problems(), 0) << "its key is being made";
    served.clear();
    EXPECT_THAT(listen(), IsEmpty());
    EXPECT_EQ(row("OpenStage"), "not served");
    EXPECT_EQ(problems(), 1);
    served = {{1, "lo", loopback, 8}};

    has_certificate();
    EXPECT_THAT(listen(), IsEmpty());
    EXPECT_THAT(row("OpenStage"), StartsWith("https://127.0.0.1:"));
    EXPECT_THAT(row("OpenStage polls"), StartsWith("http://127.0.0.1:"));

    settings.wpi.on = false;
    configure();
    EXPECT_THAT(listen(), IsEmpty());
    EXPECT_EQ(row("OpenStage"), "off");
}

TEST_F(WorkpointsTest, APortThatIsTakenIsTold) {
    start();
    const auto text = row("OpenStage");
    Settings same;
    same.wpi = settings.wpi;
    same.wpi.poll_port = 0;
    same.wpi.port = static_cast<std::uint16_t>(
        base::parse_number(text.substr(text.rfind(':') + 1)).value_or(0));
    auto first = std::move(workpoints);
    workpoints =
        std::make_unique<Workpoints>(loop, *shelf, shelf.clock, Settings{}, Workpoints::Reach{});
    settings = same;
    configure();
    has_certificate();
    const auto errors = listen();
    ASSERT_THAT(errors, SizeIs(1));
    EXPECT_THAT(errors.front().what, HasSubstr(std::to_string(same.wpi.port) + " is taken"));
}

TEST_F(WorkpointsTest, APollIsToldOfAJobThatWaits) {
    start();
    is_known("");
    EXPECT_EQ(poll(phone), "HTTP/1.1 200");
    add_job();
    EXPECT_EQ(poll(phone), "HTTP/1.1 202");
    EXPECT_EQ(poll(stranger), "HTTP/1.1 200");
    EXPECT_THAT(row("OpenStage jobs"), HasSubstr("1 wait; "));
    EXPECT_THAT(row("OpenStage jobs"), HasSubstr("3 polls, 1 told to call"));
    EXPECT_NE(shelf->workpoints().find(phone)->last_poll, 0);
}

TEST_F(WorkpointsTest, APollFromOutsideIsAnsweredLikeAnyUnknownPath) {
    start();
    served = {{1, "lo", loopback, 32}};
    EXPECT_THAT(listen(), IsEmpty());
    add_job();
    EXPECT_EQ(poll(phone), "HTTP/1.1 202") << "this one is inside";
    served = {{1, "lo", loopback, 8}};
    serve::Surroundings elsewhere{{{base::Ipv4{0x0A'00'00'00}, 24}}, {}};
    EXPECT_THAT(workpoints->listen(served, elsewhere), IsEmpty());
    EXPECT_EQ(poll(phone), "HTTP/1.1 404");
}

TEST_F(WorkpointsTest, APhoneThatCannotBeCalledIsNotedAndLeftToItsPolls) {
    start();
    is_known("http://" + silent_place.str() + ":8085/contact_dls.html/ContactDLS");
    add_job();
    work();
    EXPECT_EQ(workpoints->counters().contacts_failed, 1U);
    EXPECT_THAT(last_step(), StartsWith("contact_failed: "));
    EXPECT_EQ(shelf->workpoints().find(phone)->contact_me_failures, 1U);
    EXPECT_EQ(poll(phone), "HTTP/1.1 202");
}

TEST_F(WorkpointsTest, AMomentWithoutMemoryKeepsNoPhoneFromALaterCall) {
    start();
    bool was_met = true;
    for (int others = 0; was_met; ++others) {
        const NoMemoryAfter moment(others);
        try {
            workpoints->changed({phone, stranger});
        } catch (const std::bad_alloc&) { // whoever told of it
        }
        work();
        was_met = moment.was_met();
    }
    is_known("http://" + silent_place.str() + ":8085/contact_dls.html/ContactDLS");
    add_job();
    work();
    EXPECT_EQ(workpoints->counters().contacts_failed, 1U);
}

TEST_F(WorkpointsTest, NobodyIsCalledWhereAPhoneHasNoBusinessToSendUs) {
    start();
    is_known("http://127.83.1.10:8085/contact_dls.html/ContactDLS");
    add_job();
    work();
    EXPECT_EQ(workpoints->counters().contacts_failed + workpoints->counters().contacts_confirmed,
              0U);
    settings.wpi.contact_networks = {{base::Ipv4{0x7F'53'01'00}, 24}};
    configure();
    work();
    EXPECT_EQ(workpoints->counters().contacts_failed, 1U);
}

TEST_F(WorkpointsTest, AResyncHasAllThatThePhoneHasLookedAtWhenItCalls) {
    start();
    EXPECT_FALSE(workpoints->speaks_with(phone));
    EXPECT_FALSE(workpoints->resync(phone, false));
    is_known("");
    shelf->workpoints().update(phone,
                               [](inventory::Workpoint& known) { known.must_read_all = false; });
    EXPECT_TRUE(workpoints->speaks_with(phone));
    const auto said = workpoints->resync(phone, false);
    ASSERT_TRUE(said);
    EXPECT_THAT(*said, HasSubstr("does not poll yet"));
    EXPECT_TRUE(shelf->workpoints().find(phone)->must_read_all);
    work();
    EXPECT_EQ(poll(phone), "HTTP/1.1 202");

    const auto restarts = workpoints->resync(phone, true);
    ASSERT_TRUE(restarts);
    EXPECT_THAT(*restarts, HasSubstr("restarts (job "));
    EXPECT_THAT(*restarts, HasSubstr("after its next poll"));
    EXPECT_THAT(shelf->workpoints().jobs(phone), SizeIs(1));
}

TEST_F(WorkpointsTest, AChangeWasHiddenFromPollsOnceACallForItBrokeOff) {
    start();
    is_known("");
    workpoints->changed({phone});
    work();
    ASSERT_EQ(poll(phone), "HTTP/1.1 202");

    EXPECT_EQ(Talk(*this).open("solicited"), "ReadAllItems"); // and its connection is cut
    EXPECT_EQ(poll(phone), "HTTP/1.1 202") << "or somebody else said so";
    shelf.clock.advance(std::chrono::seconds(121));
    look_after();
    EXPECT_EQ(poll(phone), "HTTP/1.1 202") << "it fell silent";

    Talk(*this).whole("solicited");
    EXPECT_EQ(poll(phone), "HTTP/1.1 200") << "it has all that it should have";
}

TEST_F(WorkpointsTest, AJobWasHiddenFromPollsWhileACallHeldItThatNeverAnswers) {
    start();
    Talk(*this).whole("start-up");
    add_job();
    work();
    EXPECT_EQ(Talk(*this).open("solicited"), "ReadAllItems");
    EXPECT_EQ(poll(phone), "HTTP/1.1 202");
    Talk(*this).whole("solicited");
    EXPECT_EQ(poll(phone), "HTTP/1.1 200");
    EXPECT_EQ(shelf->workpoints().jobs(phone).front().state, inventory::JobState::done);
}

TEST_F(WorkpointsTest, AChangeWasHiddenFromPollsWhileSomebodyElseHadACallOpenInThePhonesName) {
    start();
    Talk(*this).whole("start-up");
    shelf->workpoints().update(phone, [](auto& known) { known.must_read_all = true; });
    Talk other(*this);
    EXPECT_EQ(other.open("solicited"), "ReadAllItems");
    shelf.has_extension("202", "Bert");
    shelf.apply({inventory::Assign{phone, {"202"}}});
    workpoints->changed({phone});
    work();
    EXPECT_EQ(poll(phone), "HTTP/1.1 202");
    EXPECT_THAT(other.say(">clean-up", ""), "CleanUp") << "it gives up";
    work();
    EXPECT_EQ(poll(phone), "HTTP/1.1 202");
    Talk(*this).whole("solicited");
    EXPECT_EQ(poll(phone), "HTTP/1.1 200");
}

TEST_F(WorkpointsTest, ACallThatBreaksOffIsNotedAndWhatItLeftUndoneIsPending) {
    start();
    EXPECT_EQ(poll(phone), "HTTP/1.1 200") << "it never called";
    {
        Talk first(*this);
        EXPECT_EQ(first.open("start-up"), "ReadAllItems");
        EXPECT_EQ(first.answer("ReadAllItems"), "WriteItems");
    }
    shelf.clock.advance(std::chrono::seconds(121));
    look_after();
    EXPECT_EQ(poll(phone), "HTTP/1.1 202");
}

TEST_F(WorkpointsTest, TheItemsOfAPhoneBehindARouterCouldNotBeShown) {
    is_near = false;
    start();
    is_known("");
    EXPECT_EQ(wanted("dls-addr"), first_card.str());
    shelf->workpoints().update(phone,
                               [](auto& known) { known.reported[{"dls-addr"}] = loopback.str(); });
    EXPECT_EQ(wanted("dls-addr"), loopback.str()) << "it was told so, before we started";
    shelf->workpoints().update(phone,
                               [](auto& known) { known.reported[{"dls-addr"}] = "192.0.2.1"; });
    EXPECT_EQ(wanted("dls-addr"), first_card.str()) << "which is none of ours";
    Talk(*this).whole("start-up");
    EXPECT_EQ(wanted("dls-addr"), loopback.str()) << "where it calls";
}

TEST_F(WorkpointsTest, AChangeForAPhoneBehindARouterWasHiddenFromItsPollsOnceWeHadRestarted) {
    is_near = false;
    start();
    is_known("");
    workpoints->changed({phone});
    work();
    EXPECT_EQ(poll(phone), "HTTP/1.1 202");
}

TEST_F(WorkpointsTest, APhoneThatCameWhenItWasAskedToWasNotToldToPollAndCouldNotBeReachedLater) {
    start();
    is_known("");
    const auto address = "http://127.0.0.1:" + std::to_string(settings.wpi.poll_port) + "/dcmp/";
    for (const auto reached : {inventory::Reached::unknown, inventory::Reached::by_contact_me,
                               inventory::Reached::by_poll}) {
        shelf->workpoints().update(phone, [&](auto& known) { known.reached = reached; });
        EXPECT_EQ(wanted("dcmp-url"), address);
        EXPECT_EQ(wanted("dcmp-poll-interval"), "5");
    }
    settings.wpi.poll_port = 0;
    configure();
    EXPECT_EQ(wanted("dcmp-url"), "(not wanted)");
}

TEST_F(WorkpointsTest, NothingToldOfAPhoneThatPollsAndCannotReachThePortForCalls) {
    start();
    is_known("");
    add_job();
    for (int minute = 0; minute < 6; ++minute) {
        poll(phone);
        shelf.clock.advance(std::chrono::minutes(1));
    }
    EXPECT_THAT(last_step(), StartsWith("poll_unheeded: "));
}

TEST_F(WorkpointsTest, NothingIsWantedOfAPhoneWithoutAnExtensionThatNeverHadOne) {
    start();
    shelf.apply({inventory::Unassign{phone}});
    is_known("");
    workpoints->changed({phone});
    work();
    EXPECT_EQ(poll(phone), "HTTP/1.1 200");
    shelf.apply({inventory::Assign{phone, {"201"}}});
    workpoints->changed({phone});
    work();
    EXPECT_EQ(poll(phone), "HTTP/1.1 202");
}

} // namespace
} // namespace engine
