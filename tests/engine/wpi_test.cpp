// SPDX-License-Identifier: MIT
// Where OpenStage phones are served, who of them is asked to call and when, and what consoles say.
#include "module/engine_wpi.hpp"

#include "../serve/client.hpp"
#include "tests/dialplan/shelf.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/catalogue.hpp"
#include "provisioning/serve/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

struct WorkpointsTest : testing::Test {
    Shelf shelf;
    base::Loop loop;
    Settings settings;
    std::shared_ptr<const profile::Catalogue> catalogue = profile::Catalogue::load("").value();
    std::vector<base::Interface> served{{1, "lo", loopback, 8}};
    std::unique_ptr<Workpoints> workpoints;

    WorkpointsTest() {
        shelf.has_extension("201", "Anna");
        shelf.apply({inventory::Assign{phone, {"201"}}});
        settings.wpi.on = true;
        settings.wpi.port = 0;
        settings.wpi.poll_port = free_port();
        workpoints = std::make_unique<Workpoints>(
            loop, *shelf, shelf.clock, serve::HttpLimits{},
            Workpoints::Reach{
                [](const std::string& number) {
                    return profile::Account{number, "Anna", base::Secret("an-example-only")};
                },
                [](base::Ipv4) { return std::optional(phone); },
                [](base::Ipv4) { return std::optional(loopback); },
                {}});
    }

    void configure() {
        serve::FileSettings files;
        files.catalogue = catalogue;
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

    std::string poll(base::Mac mac) {
        const auto text = row("OpenStage polls");
        const auto port = base::parse_number(text.substr(text.rfind(':') + 1));
        serve_test::Client client(loop, {loopback, static_cast<std::uint16_t>(port.value_or(0))});
        EXPECT_TRUE(client.send("GET /dcmp/contact-me?device-id=" + mac.str() +
                                " HTTP/1.1\r\nHost: pbx\r\n\r\n"));
        return client.read().all().substr(0, 12);
    }

    std::string last_step() {
        const auto events = shelf->timeline(phone);
        return events && !events->empty()
                   ? std::string(name(events->back().step)) + ": " + events->back().detail
                   : "nothing";
    }
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
    EXPECT_EQ(row("OpenStage"), "not served");

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
    workpoints = std::make_unique<Workpoints>(loop, *shelf, shelf.clock, serve::HttpLimits{},
                                              Workpoints::Reach{});
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
