// SPDX-License-Identifier: MIT
// Jobs for phones of the Workpoint Interface, what they have, and when they come, as people read
// it.
#include "office.hpp"

#include "provisioning/inventory/workpoints.hpp"
#include "provisioning/profile/wpi/items.hpp"

#include <fstream>

#include <gmock/gmock.h>

namespace {

using inventory::ItemKey;
using inventory::JobState;
using inventory::Reached;
using inventory::Workpoint;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* openstage = "001ae8102030";

struct Jobs : testing::Test {
    Jobs() {
        workpoints().secret_items([](std::string_view name) { return wpi::is_secret(name); });
        office.shelf.clock.advance(std::chrono::hours(100));
        auto reach = office.reach();
        reach.workpoints = [this] { return with; };
        reach.wanted_items =
            [this](const inventory::Device& device) -> base::Result<std::vector<wpi::Item>> {
            asked_for = device.mac.str();
            if (!problem.empty()) {
                return base::fail(base::Errc::refused, "{}", problem);
            }
            return wanted;
        };
        office.commands = std::make_shared<admin::Commands>(std::move(reach));
    }

    inventory::Workpoints& workpoints() { return office.shelf->workpoints(); }

    void is_approved() {
        if (office.shelf->now().extension("201") == nullptr) {
            office.shelf.has_extension("201", "Alice");
        }
        office.shelf.apply({inventory::Assign{mac_of(openstage), {"201"}}});
    }

    /// An OpenStage that called just now.
    void called(const std::function<void(Workpoint&)>& change = [](Workpoint&) {}) {
        is_approved();
        inventory::Sighting seen;
        seen.last = now();
        seen.address = *base::Ipv4::parse("10.0.0.3");
        seen.model = "OpenStage 40";
        seen.version = "V3 R5.12.0";
        office.shelf->saw(mac_of(openstage), seen);
        knows([&](Workpoint& phone) {
            phone.last_contact = now();
            phone.address = seen.address;
            phone.contact_me_uri = "http://10.0.0.3:8085/contact_dls.html/ContactDLS";
            phone.must_read_all = false;
            change(phone);
        });
    }

    void knows(const std::function<void(Workpoint&)>& change) {
        workpoints().update(mac_of(openstage), change);
    }

    base::UnixMs now() { return office.shelf.clock.unix_ms(); }

    std::string text(const std::string& line) { return office.run(line).text; }

    Office office;
    std::optional<admin::Reach::Workpoints> with = admin::Reach::Workpoints{};
    std::vector<wpi::Item> wanted;
    std::string problem;
    std::string asked_for;
};

TEST_F(Jobs, AreTakenInTheCallersNameAndWaitForTheNextCall) {
    called();
    const auto reply = office.run("job read 001ae8102030 e164,key-label.3");
    EXPECT_EQ(reply.status, 0);
    EXPECT_EQ(reply.text, "Job 1 for 001ae8102030: read e164, key-label 3.\n"
                          "What it says then: pnp show items 001ae8102030\n"
                          "How it goes: pnp show jobs 001ae8102030\n");
    EXPECT_EQ(reply.json.get("id").number(), 1);
    EXPECT_EQ(reply.json.get("items").items()[1].text(), "key-label.3");
    const auto job = workpoints().job(1);
    ASSERT_TRUE(job);
    EXPECT_EQ(job->items, (std::map<ItemKey, std::string>{{{"e164"}, ""}, {{"key-label", 3}, ""}}));
    EXPECT_THAT(text("show audit"), AllOf(HasSubstr("uid 7"), HasSubstr("add job 1 for")));
    EXPECT_THAT(text("job read 001ae8102030"), StartsWith("Job 2 for 001ae8102030: read all"));
    EXPECT_THAT(text("job read 001ae8102030"), HasSubstr("read all items (it waits already)"));
}

TEST_F(Jobs, AreRefusedWithWhatToDoWhereNobodyWouldDoThem) {
    EXPECT_THAT(text("job restart 001ae8102030"), HasSubstr("first: pnp assign 001ae8102030 EXT"));
    office.phone_asked(phone_a, inventory::Step::held);
    office.shelf.apply({inventory::Approve{mac_of(phone_a)}});
    EXPECT_THAT(text("job restart 001fc1000001"),
                HasSubstr("is a Htek phone, which fetches files"));
    called();
    with.reset();
    for (const char* line : {"job read 001ae8102030", "job write 001ae8102030 country-iso=DE",
                             "job restart 001ae8102030", "job reset 001ae8102030",
                             "job deploy 001ae8102030 bell.wav RINGTONE"}) {
        const auto reply = office.run(line);
        EXPECT_EQ(reply.status, 1) << line;
        EXPECT_THAT(reply.text, HasSubstr("wpi = on")) << line;
    }
    EXPECT_THAT(workpoints().jobs(), IsEmpty());
}

TEST_F(Jobs, ThatWriteAreCheckedAgainstTheTable) {
    called();
    EXPECT_EQ(office.run("job write 001ae8102030 key-label.3=Office sip-transport=1").status, 0);
    EXPECT_EQ(workpoints().job(1)->items.at({"key-label", 3}), "Office");
    EXPECT_THAT(text("job write 001ae8102030 reg-port=70000"),
                AllOf(HasSubstr("reg-port: '70000' should be"), HasSubstr("65535")));
    EXPECT_THAT(text("job write 001ae8102030 key-label=x"), HasSubstr("needs an index"));
    EXPECT_THAT(text("job write 001ae8102030 country-iso.1=DE"), HasSubstr("takes no index"));
    EXPECT_THAT(text("job write 001ae8102030 software-version=1"), HasSubstr("cannot be written"));
    EXPECT_THAT(text("job write 001ae8102030 file-type=APP"), HasSubstr("belongs to an action"));
    EXPECT_THAT(text("job write 001ae8102030 country-iso=DE country-iso=AT"), HasSubstr("twice"));
    EXPECT_THAT(text("job write 001ae8102030 country-iso.x=DE"), HasSubstr("number from 0"));
    EXPECT_THAT(text("job write 001ae8102030 contry-iso=DE"),
                AllOf(StartsWith("Job 2"), HasSubstr("Nothing is known of contry-iso here"),
                      HasSubstr("did you mean 'country-iso'?")));
    EXPECT_EQ(office.run("job write 001ae8102030").status, 2);
}

TEST_F(Jobs, NeverWriteASecretAndNeverRepeatOne) {
    called();
    for (const char* line :
         {"job write 001ae8102030 sip-pwd=tr0ub4dor", "job write 001ae8102030 sip-pwd tr0ub4dor",
          "job write 001ae8102030 admin-pwd=tr0ub4dor country-iso=DE",
          "job read 001ae8102030 sip-pwd", "job write 001ae8102030 line-sip-pwd.2=tr0ub4dor",
          "job write 001ae8102030 some-new-pwd=tr0ub4dor"}) {
        const auto reply = office.run(line);
        EXPECT_NE(reply.status, 0) << line;
        EXPECT_THAT(reply.text + reply.json.dump(), Not(HasSubstr("tr0ub4dor"))) << line;
    }
    EXPECT_THAT(text("job write 001ae8102030 sip-pwd=x"),
                HasSubstr("sip-pwd is a secret: a phone has it from its extension"));
    EXPECT_THAT(workpoints().jobs(), IsEmpty());
}

TEST_F(Jobs, SayWhatTheSiteTakesBack) {
    called();
    wanted = {{"reg-addr", {}, "10.0.0.1"}, {"country-iso", {}, "DE"}};
    EXPECT_THAT(text("job write 001ae8102030 reg-addr=10.0.0.9"),
                HasSubstr("reg-addr is taken back at once: the site wants '10.0.0.1'."));
    EXPECT_EQ(asked_for, openstage);
    EXPECT_THAT(text("job write 001ae8102030 country-iso=DE"), Not(HasSubstr("taken back")));
    EXPECT_THAT(text("job write 001ae8102030 key-label.1=A"), Not(HasSubstr("taken back")));
    problem = "no profile";
    EXPECT_THAT(text("job write 001ae8102030 reg-addr=10.0.0.8"),
                HasSubstr("reg-addr is the site's: if that says something else"));
    EXPECT_THAT(text("job write 001ae8102030 country-iso=AT"), Not(HasSubstr("site")));
}

TEST_F(Jobs, ResetAPhoneOnlyWhereThatIsAllowed) {
    called();
    EXPECT_THAT(text("job reset 001ae8102030"), HasSubstr("wpi_factory_reset = yes"));
    EXPECT_THAT(workpoints().jobs(), IsEmpty());
    with->may_reset = true;
    EXPECT_THAT(text("job reset 001ae8102030"),
                AllOf(StartsWith("Job 1 for 001ae8102030: factory reset."),
                      HasSubstr("pnp enrol 001ae8102030 30m")));
}

TEST_F(Jobs, DeployFilesThatAreThere) {
    called();
    with->file_folder = office.shelf.folder().string();
    std::ofstream(office.shelf.folder() / "bell.wav") << "RIFF";
    EXPECT_EQ(office.run("job deploy 001ae8102030 bell.wav ringtone").status, 0);
    EXPECT_EQ(workpoints().job(1)->items.at({"type"}), "RINGTONE");
    EXPECT_THAT(text("job deploy 001ae8102030 bell.wav SOUND"),
                HasSubstr("the types are RINGTONE, LOGO, SCREENSAVER, MOH, PIC, LDAP, APP"));
    EXPECT_THAT(text("job deploy 001ae8102030 bell.wav MOH 3.5.21.0"),
                HasSubstr("only firmware, APP, has a version"));
    EXPECT_THAT(text("job deploy 001ae8102030 gong.wav RINGTONE"),
                HasSubstr("gong.wav: No such file; put it there"));
    EXPECT_EQ(office.run("job deploy 001ae8102030 ../bell.wav RINGTONE").status, 1);
    EXPECT_THAT(text("job deploy 001ae8102030 50%.wav RINGTONE"), HasSubstr("rename it"));
    EXPECT_THAT(office.commands->complete({"job", "deploy", openstage, "be"}),
                ElementsAre("bell.wav"));
}

TEST_F(Jobs, DeployFirmwareOfAVersionThatThePhoneDoesNotRun) {
    called();
    with->file_folder = office.shelf.folder().string();
    std::ofstream(office.shelf.folder() / "os40.img") << "an image";
    for (const char* line :
         {"job deploy 001ae8102030 os40.img APP", "job deploy 001ae8102030 os40.img APP newest"}) {
        EXPECT_EQ(office.run(line).status, 2) << line;
        EXPECT_THAT(text(line), HasSubstr("which version is it?"));
    }
    EXPECT_THAT(text("job deploy 001ae8102030 os40.img app V3R5.21.0"),
                AllOf(StartsWith("Job 1 for 001ae8102030: deploy os40.img 3.5.21.0."),
                      HasSubstr("has to say 3.5.21.0 then")));
    EXPECT_EQ(workpoints().job(1)->items,
              (std::map<ItemKey, std::string>{
                  {{"file"}, "os40.img"}, {{"type"}, "APP"}, {{"version"}, "3.5.21.0"}}));
    inventory::Sighting seen;
    seen.version = "V3 R5.22.0";
    office.shelf->saw(mac_of(openstage), seen);
    EXPECT_THAT(text("job deploy 001ae8102030 os40.img APP 3.5.22.0"),
                HasSubstr("runs 3.5.22.0 already"));
}

TEST_F(Jobs, AreListedWithWhyTheyWait) {
    EXPECT_EQ(text("show jobs"), "No job; to order one: pnp help job\n");
    is_approved();
    office.run("job restart 001ae8102030");
    EXPECT_THAT(text("show jobs"), HasSubstr("the phone never called"));
    called();
    EXPECT_THAT(text("show jobs"), HasSubstr("it is asked to call now; it polls in 5 min"));
    knows([](Workpoint& phone) { phone.reached = Reached::by_contact_me; });
    EXPECT_THAT(text("show jobs"), HasSubstr("0     it is asked to call now\n"));
    knows([](Workpoint& phone) { phone.reached = Reached::by_poll; });
    office.shelf.clock.advance(std::chrono::seconds(90));
    EXPECT_THAT(text("show jobs 001ae8102030"),
                HasSubstr("1   001ae8102030  restart  waiting  1 min ago  0     for its next poll, "
                          "in 4 min\n"));
    with->poll_port = 0;
    EXPECT_THAT(text("show jobs"), HasSubstr("for its next call"));
    ASSERT_TRUE(
        workpoints().update_job(1, [](auto& job) { job.result = "the phone is busy: in a call"; }));
    EXPECT_THAT(text("show jobs"), HasSubstr("the phone is busy: in a call; for its next call"));
    with.reset();
    EXPECT_THAT(text("show jobs"), HasSubstr("the Workpoint Interface is off"));
    const auto row = office.run("show jobs").json.get("jobs").items()[0];
    EXPECT_EQ(row.get("state").text(), "waiting");
    EXPECT_EQ(row.get("kind").text(), "restart");
    EXPECT_EQ(row.get("attempts").number(), 0);
}

TEST_F(Jobs, ThatEndedADayAgoAreListedForTheirPhoneOnly) {
    called();
    office.run("job restart 001ae8102030");
    ASSERT_TRUE(workpoints().update_job(1, [](auto& job) {
        job.state = JobState::done;
        job.attempts = 1;
        job.result = "it started again";
    }));
    EXPECT_THAT(text("show jobs"), HasSubstr("it started again"));
    office.shelf.clock.advance(std::chrono::hours(25));
    EXPECT_EQ(text("show jobs"), "No job; to order one: pnp help job\n"
                                 "1 job ended more than a day ago: pnp show jobs MAC\n");
    EXPECT_THAT(text("show jobs 001ae8102030"),
                HasSubstr("restart  done   25 hours ago  1     it started again\n"));
}

TEST_F(Jobs, AreCancelledInTheCallersName) {
    called();
    office.run("job restart 001ae8102030");
    const auto reply = office.run("job cancel 1");
    EXPECT_EQ(reply.text, "Job 1 is cancelled.\n");
    EXPECT_EQ(reply.json.get("state").text(), "given_up");
    EXPECT_THAT(text("show jobs"), HasSubstr("cancelled by uid 7"));
    EXPECT_THAT(text("show audit"), HasSubstr("cancel job 1"));
    EXPECT_THAT(text("job cancel 1"), HasSubstr("has ended already"));
    EXPECT_THAT(text("job cancel 9"), HasSubstr("there is no job 9"));
    EXPECT_EQ(office.run("job cancel one").status, 2);
    office.run("job restart 001ae8102030");
    ASSERT_TRUE(workpoints().update_job(2, [](auto& job) { job.state = JobState::sent; }));
    EXPECT_THAT(text("job cancel 2"), HasSubstr("may do it all the same"));
}

TEST_F(Jobs, AreCompleted) {
    called([](Workpoint& phone) { phone.reported[{"key-label", 7}] = "x"; });
    office.run("job restart 001ae8102030");
    const auto complete = [&](std::vector<std::string> words) {
        return office.commands->complete(words);
    };
    EXPECT_THAT(complete({"job", "re"}), ElementsAre("read", "reset", "restart"));
    EXPECT_THAT(complete({"job", "cancel", ""}), ElementsAre("1"));
    EXPECT_THAT(complete({"job", "read", openstage, "e164,key-label"}),
                AllOf(Contains("e164,key-label."), Contains("e164,key-label.7")));
    EXPECT_THAT(complete({"job", "write", openstage, "country-iso=DE", "count"}),
                Contains("country-iso="));
    EXPECT_THAT(complete({"job", "write", openstage, "sip-pw"}), IsEmpty());
    EXPECT_THAT(complete({"job", "write", openstage, "software-ver"}), IsEmpty());
    EXPECT_THAT(complete({"job", "read", openstage, "software-ver"}), Contains("software-version"));
    EXPECT_THAT(complete({"job", "deploy", openstage, "x", "R"}), ElementsAre("RINGTONE"));
}

// --- What phones have ----------------------------------------------------------------------------

TEST_F(Jobs, ItemsAreShownBesideWhatIsWanted) {
    wanted = {{"reg-addr", {}, "10.0.0.1"},   {"country-iso", {}, "DE"},
              {"language-iso", {}, "de"},     {"reg-port", {}, "5060"},
              {"sip-pwd", {}, "tr0ub4dor"},   {"admin-pwd", {}, "s3cret"},
              {"dcmp-poll-interval", {}, "5"}};
    called([&](Workpoint& phone) {
        phone.reported = {{{"reg-addr"}, "10.0.0.9"},
                          {{"country-iso"}, "AT"},
                          {{"reg-port"}, "05060"},
                          {{"key-label", 3}, "\x1b[2JHome"},
                          {{"e164"}, "201"}};
        phone.refused = {{{"dcmp-poll-interval"}, "unknown item"}};
        for (const auto& [name, value] :
             {std::pair{"country-iso", "DE"}, {"sip-pwd", "tr0ub4dor"}, {"admin-pwd", "older"}}) {
            phone.written[{name}] = workpoints().written_hash(mac_of(openstage), {name}, value);
        }
    });
    const auto reply = office.run("show items 001ae8102030");
    EXPECT_EQ(reply.status, 0);
    EXPECT_EQ(reply.text, "ITEM                IT HAS       IT SHOULD HAVE\n"
                          "admin-pwd           ********                     not yet\n"
                          "country-iso         AT           DE              changed at the phone\n"
                          "dcmp-poll-interval  -            5               refused: unknown item\n"
                          "e164                201\n"
                          "key-label.3         \\x1b[2JHome\n"
                          "language-iso        -            de              not yet\n"
                          "reg-addr            10.0.0.9     10.0.0.1        not yet\n"
                          "reg-port            05060\n"
                          "sip-pwd             ********                     as we wrote it\n"
                          "9 items as of its call just now.\n"
                          "It should have other values of admin-pwd, country-iso, "
                          "dcmp-poll-interval, language-iso and "
                          "reg-addr.\n");
    for (const char* secret : {"tr0ub4dor", "s3cret", "older"}) {
        EXPECT_THAT(reply.text + reply.json.dump(), Not(HasSubstr(secret)));
    }
    const auto row = reply.json.get("items").items()[1];
    EXPECT_EQ(row.get("name").text(), "country-iso");
    EXPECT_EQ(row.get("value").text(), "AT");
    EXPECT_EQ(row.get("wanted").text(), "DE");
    EXPECT_EQ(row.get("state").text(), "changed at the phone");
}

TEST_F(Jobs, ItemsAreShownThoughNobodyKnowsWhatIsWanted) {
    EXPECT_THAT(text("show items 001ae8102030"), HasSubstr("is not approved"));
    is_approved();
    EXPECT_THAT(text("show items 001ae8102030"), HasSubstr("has not called since it was approved"));
    called([](Workpoint& phone) {
        phone.reported = {{{"user-pwd"}, "tr0ub4dor"}, {{"country-iso"}, std::string(60, 'x')}};
        phone.must_read_all = true;
    });
    problem = "201 is in no directory";
    const auto reply = office.run("show items 001ae8102030");
    EXPECT_THAT(reply.text + reply.json.dump(), Not(HasSubstr("tr0ub4dor")));
    EXPECT_THAT(reply.text, AllOf(HasSubstr("x…"), HasSubstr("asked for all of them"),
                                  HasSubstr("cannot be told: 201 is in no directory")));
    EXPECT_FALSE(reply.json.get("is_complete").flag(true));
}

// --- When they come ------------------------------------------------------------------------------

TEST_F(Jobs, DevicesShowLastContactAndNextPoll) {
    office.phone_asked(phone_a, inventory::Step::held);
    EXPECT_THAT(text("show devices"), Not(HasSubstr("NEXT POLL")));
    called();
    knows([](Workpoint& phone) { phone.reached = Reached::by_poll; });
    office.shelf.clock.advance(std::chrono::minutes(2));
    const auto reply = office.run("show devices");
    EXPECT_THAT(reply.text, AllOf(HasSubstr("LAST HEARD  FIRMWARE    LAST CONTACT  NEXT POLL\n"),
                                  HasSubstr("OpenStage 40  10.0.0.3"),
                                  HasSubstr("V3 R5.12.0  2 min ago     in 3 min\n")));
    const auto devices = reply.json.get("devices").items();
    const auto& row = devices[0].get("mac").text() == openstage ? devices[0] : devices[1];
    const auto& other = devices[0].get("mac").text() == openstage ? devices[1] : devices[0];
    EXPECT_EQ(row.get("model").text(), "OpenStage 40");
    EXPECT_EQ(row.get("version").text(), "V3 R5.12.0");
    EXPECT_EQ(row.get("last_contact_ms").number(), now() - 120'000);
    EXPECT_EQ(row.get("next_poll_ms").number(), now() + 180'000);
    EXPECT_EQ(row.get("reached").text(), "by_poll");
    EXPECT_TRUE(other.get("last_contact").is_null());
    EXPECT_TRUE(other.get("reached").is_null());
    EXPECT_THAT(text("show device 001ae8102030"),
                AllOf(HasSubstr("profile      OpenStage\n"), HasSubstr("next poll    in 3 min\n")));
}

TEST_F(Jobs, APollStartsTheTimeAnewAlsoOfWhoComesWhenAsked) {
    called();
    office.shelf.clock.advance(std::chrono::minutes(4));
    knows([&](Workpoint& phone) { phone.last_poll = now(); });
    const auto next = [&] {
        return office.run("show device 001ae8102030").json.get("next_poll_ms");
    };
    EXPECT_EQ(next().number(), now() + 300'000);
    office.shelf.clock.advance(std::chrono::minutes(7));
    EXPECT_THAT(text("show devices"), HasSubstr("overdue\n"));
    knows([](Workpoint& phone) { phone.reached = Reached::by_contact_me; });
    EXPECT_FALSE(next().is_null()) << "every phone is told to poll";
    knows([](Workpoint& phone) { phone.refused[{"dcmp-url"}] = "unknown item"; });
    EXPECT_FALSE(next().is_null()) << "it polled a while ago";
    office.shelf.clock.advance(std::chrono::minutes(4));
    EXPECT_TRUE(next().is_null());
}

TEST_F(Jobs, DecisionsSayWhenAPhoneThatCallsIsTold) {
    called();
    office.shelf.has_extension("202");
    EXPECT_THAT(text("assign 001ae8102030 202"),
                HasSubstr("It is told when it calls, which it is asked to do now.\n"));
    knows([](Workpoint& phone) { phone.reached = Reached::by_poll; });
    EXPECT_THAT(text("assign 001ae8102030 201"), HasSubstr("after its next poll in 5 min.\n"));
    with.reset();
    EXPECT_THAT(text("assign 001ae8102030 202"), Not(HasSubstr("when it calls")));
}

TEST_F(Jobs, TheSecondChangeWithinFiveMinutesWasSaidToBeToldNow) {
    called();
    knows([&](Workpoint& phone) { phone.contact_me_sent = now() - 70'000; });
    office.shelf.has_extension("202");
    EXPECT_THAT(text("assign 001ae8102030 202"),
                HasSubstr("which it is asked to do in 4 min, since it was asked a moment ago and "
                          "does not hear it before.\n"));
    knows([](Workpoint& phone) { phone.reported[{"dls-contact-interval"}] = "60"; });
    EXPECT_THAT(text("assign 001ae8102030 201"), HasSubstr("which it is asked to do now.\n"));
    knows([](Workpoint& phone) { phone.contact_me_failures = 1; });
    EXPECT_THAT(text("assign 001ae8102030 202"),
                HasSubstr("to do within minutes, since it did not come the last time.\n"));
}

TEST_F(Jobs, AnAssignmentWarnsOfItemsThatCannotBeMade) {
    called();
    problem = "country-iso: 'Germany' is too long";
    EXPECT_THAT(
        text("assign 001ae8102030 201"),
        HasSubstr("! 001ae8102030 would be told nothing: country-iso: 'Germany' is too long."));
}

TEST_F(Jobs, ExplainTellsOfCallsAndWaitingJobs) {
    called();
    office.run("job restart 001ae8102030");
    const auto reply = office.run("explain 001ae8102030");
    EXPECT_THAT(reply.text, AllOf(StartsWith("A job waits for its next call: restart (just now).\n"
                                             "What to do: Wait: it polls, and comes in 5 min.\n"
                                             "Its last contact was just now; its next poll is due "
                                             "in 5 min.\n"),
                                  HasSubstr("it has a job waiting for its next call: 1: restart by "
                                            "uid 7")));
    EXPECT_EQ(reply.json.get("last_contact_ms").number(), now());
}

TEST_F(Jobs, ExplainLooksAtTheEnrolmentWindow) {
    called([](Workpoint& phone) { phone.address = *base::Ipv4::parse("10.9.0.5"); });
    const auto mac = mac_of(openstage);
    office.shelf->note(mac, inventory::Step::secret_withheld, "10.9.0.5",
                       "sip-pwd: it calls from 10.9.0.5, where no neighbour table shows it, and no "
                       "enrolment window was open for it when it called; `pnp enrol`");
    EXPECT_THAT(text("explain 001ae8102030"),
                HasSubstr("pnp enrol 001ae8102030 30m --from NETWORK, with the one that 10.9.0.5"));
    EXPECT_EQ(office.run("enrol 001ae8102030 30m --from 10.8.0.0/24").status, 0);
    EXPECT_THAT(text("explain 001ae8102030"), HasSubstr("so somebody has to say when"));
    office.run("enrol stop");
    EXPECT_EQ(office.run("enrol 001ae8102030 30m --from 10.9.0.0/24").status, 0);
    ASSERT_EQ(office.shelf->now().enrolments().size(), 1U);
    const auto snapshot = office.shelf->now();
    const auto& window = snapshot.enrolments()[0];
    EXPECT_EQ(window.from, base::Network::parse("10.9.0.0/24"));
    EXPECT_THAT(text("explain 001ae8102030"), HasSubstr("An enrolment window is open for it now"));
    ASSERT_TRUE(workpoints().spend_window(mac, window.id));
    EXPECT_THAT(text("explain 001ae8102030"), HasSubstr("window gave them once already"));
    EXPECT_EQ(office.run("enrol 001ae8102030 30m --from nowhere").status, 2);
}

TEST_F(Jobs, AWindowSaysWhatBringsThePhoneAndWhetherItWasUsed) {
    is_approved();
    EXPECT_THAT(text("enrol 001ae8102030 30m"), HasSubstr(": unplug it and plug it in again."));
    office.run("enrol stop");
    called([](Workpoint& phone) { phone.address = *base::Ipv4::parse("10.9.0.5"); });
    EXPECT_THAT(text("enrol 001ae8102030 30m --from 10.8.0.0/24"),
                AllOf(HasSubstr(": it polls, and comes in 5 min."),
                      HasSubstr("Its last call came from 10.9.0.5, which is not in 10.8.0.0/24")));
    office.run("enrol stop");
    EXPECT_THAT(text("enrol 001ae8102030 30m --from 10.9.0.0/24"), Not(HasSubstr("last call")));
    EXPECT_THAT(text("show enrolments"), HasSubstr("10.9.0.0/24  approved\n"));
    const auto snapshot = office.shelf->now();
    ASSERT_TRUE(workpoints().spend_window(mac_of(openstage), snapshot.enrolments()[0].id));
    EXPECT_THAT(text("show enrolments"), HasSubstr("10.9.0.0/24  approved, has its passwords\n"));
}

TEST_F(Jobs, ExplainNamesWhatAPhoneWasNotToldYet) {
    called([](Workpoint& phone) { phone.reported = {{{"e164"}, "201"}, {{"country-iso"}, "DE"}}; });
    office.shelf->reached(mac_of(openstage), inventory::Stage::configured);
    wanted = {{"e164", {}, "202"}, {"country-iso", {}, "DE"}};
    EXPECT_THAT(text("explain 001ae8102030"), HasSubstr("have now: other values of e164.\n"));
    wanted = {{"e164", {}, "201"}};
    EXPECT_THAT(text("explain 001ae8102030"), Not(HasSubstr("other values")));
}

TEST_F(Jobs, ExplainKnowsAnOpenStageThatOnlyALeaseToldOf) {
    is_approved();
    office.run("dhcp-event add 001ae8102030 10.0.0.3 --vendor-class OptiIpPhone");
    EXPECT_THAT(text("explain 001ae8102030"),
                AllOf(StartsWith("It got the address 10.0.0.3 by DHCP just now"),
                      HasSubstr("Such a phone calls when it starts, if it knows where: by DHCP "
                                "(option 43")));
}

} // namespace
