// SPDX-License-Identifier: MIT
// The door without a token: who gets a file there, how often, and what stands in it.
#include "client.hpp"
#include "door.hpp"

#include <gmock/gmock.h>

namespace {

using namespace serve_test; // NOLINT(google-build-using-namespace): the fixture's words
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class BootTest : public Door {
  protected:
    Response boot(const std::string& name = own_file, const std::string& vendor = "htek") {
        return files->answer(at(name, vendor));
    }

    static Request at(const std::string& name, const std::string& vendor = "htek") {
        auto made = request("", name);
        made.path = "/boot/" + vendor + "/" + name;
        return made;
    }

    std::string last(Mac mac = phone) {
        const auto told = steps(mac);
        return told.empty() ? std::string() : told.back();
    }
};

TEST_F(BootTest, GivesAnApprovedPhoneItsUrlAndNoPassword) {
    const auto response = boot();
    ASSERT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "application/xml");
    EXPECT_THAT(*response.body, HasSubstr("10.0.0.1:5480/p/" + steady_token()));
    EXPECT_THAT(*response.body, Not(HasSubstr("S3cret")));
    EXPECT_THAT(*response.body, Not(HasSubstr(">201<")));
    EXPECT_THAT(steps(),
                ElementsAre("boot_served: " + own_file + ", 1 of 3 since it was approved"));
    EXPECT_EQ(get(steady_token()).status, 200) << "and there is its file";
    EXPECT_EQ(files->counters().boots, 1U);
}

TEST_F(BootTest, GivesThreeFilesPerApproval) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(boot().status, 200) << i;
    }
    expect_the_404(boot());
    EXPECT_THAT(last(), HasSubstr("was given 3 files without a token since it was approved; "
                                  "approve it again"));
    apply({inventory::Approve{phone}});
    EXPECT_EQ(boot().status, 200);
}

TEST_F(BootTest, CountsOnDiskBeforeItHandsOut) {
    ASSERT_EQ(boot().status, 200);
    store.reset();
    auto again = inventory::Inventory::open(folder + "/pnp.sqlite3", {}, clock);
    ASSERT_TRUE(again) << again.error().what;
    store = std::move(*again);
    EXPECT_EQ(store->now().device(phone)->boots, 1U);
}

TEST_F(BootTest, AnswersTheOtherNamesOfTheChainWithNotFoundAndCountsThemAsNoMiss) {
    for (int i = 0; i < 40; ++i) {
        for (const std::string name :
             {"factory0000.xml", "cfg0010.xml", "001fc1000001.cfg", "cfg001fc1000001"}) {
            expect_the_404(boot(name));
        }
    }
    EXPECT_THAT(files->penalties(), IsEmpty());
    EXPECT_THAT(steps(), IsEmpty());
}

TEST_F(BootTest, KnowsNoOtherVendorAndNoOtherName) {
    expect_the_404(boot(own_file, "acme"));
    expect_the_404(boot("passwd"));
    EXPECT_THAT(steps(), IsEmpty());
}

TEST_F(BootTest, WantsTheNeighbourTableToShowThePhoneEvenWhereThatIsOnlyNoted) {
    neighbours[phone_address] = other;
    for (const auto check :
         {base::NeighbourCheck::enforce, base::NeighbourCheck::log, base::NeighbourCheck::off}) {
        with.gate.neighbour_check = check;
        files->settings(with);
        expect_the_404(boot());
        EXPECT_THAT(last(), StartsWith("neighbour_mismatch: the neighbour table shows 001fc1000002 "
                                       "at 10.0.0.99, not 001fc1000001"));
    }
    neighbours.clear();
    expect_the_404(boot());
}

TEST_F(BootTest, NobodyGetsTheUrlOfAPhoneByNamingItThoughNeighboursAreNotChecked) {
    with.gate.neighbour_check = base::NeighbourCheck::off;
    files->settings(with);
    auto thief = at(own_file);
    thief.peer.address = base::Ipv4{phone_address.value + 1};
    thief.user_agent = "curl/7.88.1";
    for (int i = 0; i < 2; ++i) {
        expect_the_404(files->answer(thief));
        neighbours[thief.peer.address] = other;
    }
    EXPECT_EQ(boot().status, 200) << "and the phone itself gets it";
}

TEST_F(BootTest, APhoneThatMovesAfterTheClockWasSetBackGetsItsUrl) {
    ASSERT_EQ(get(steady_token()).status, 200);
    clock.advance(-std::chrono::hours(24 * 365));
    const base::Ipv4 second{phone_address.value + 1};
    neighbours[second] = phone;
    auto moved = at(own_file);
    moved.peer.address = second;
    EXPECT_EQ(files->answer(moved).status, 200);
}

TEST_F(BootTest, TakesAnEnrolmentForProofWhereNoTableCanKnow) {
    with.gate.allow = {*base::Network::parse("192.168.7.0/24")};
    files->settings(with);
    auto far = at(own_file);
    far.peer.address = *base::Ipv4::parse("192.168.7.7");
    expect_the_404(files->answer(far));
    EXPECT_THAT(last(), HasSubstr("asked without a token from where no neighbour table shows it"));
    inventory::Enrolment window;
    window.until = clock.unix_ms() + 60'000;
    window.from = base::Network::parse("192.168.0.0/16");
    apply({inventory::OpenEnrolment{window}});
    EXPECT_EQ(files->answer(far).status, 200);
    clock.advance(std::chrono::minutes(2));
    expect_the_404(files->answer(far));

    window.until = clock.unix_ms() + 60'000;
    window.from = base::Network::parse("10.0.0.0/8");
    apply({inventory::OpenEnrolment{window}});
    neighbours[phone_address] = other;
    expect_the_404(boot());
}

TEST_F(BootTest, RefusesSourcesOutside) {
    auto far = at(own_file);
    far.peer.address = *base::Ipv4::parse("192.168.7.7");
    expect_the_404(files->answer(far));
    far.path = "/boot/htek/cfg001fc1000002.xml";
    far.user_agent = "Htek UC926 2.0.4.2 00:1f:c1:00:00:02";
    expect_the_404(files->answer(far));
    EXPECT_EQ(store->now().device(other), nullptr);
}

TEST_F(BootTest, RefusesAPhoneThatIsRegistered) {
    registered = base::Ipv4{phone_address.value + 1};
    expect_the_404(boot());
    EXPECT_THAT(last(), HasSubstr("is registered from 10.0.0.100: it has its configuration"));
}

TEST_F(BootTest, APhoneThatWasResetToTheFactoryIsNotRefusedUntilItsRegistrationEnds) {
    registered = phone_address;
    ASSERT_EQ(boot().status, 200);
    neighbours[phone_address] = other; // took over its address
    expect_the_404(boot());
    EXPECT_THAT(last(), HasSubstr("is registered from 10.0.0.99"));
    neighbours.erase(phone_address);
    expect_the_404(boot());
    neighbours[phone_address] = phone;
    auto thief = at(own_file);
    thief.peer.address = base::Ipv4{phone_address.value + 1};
    neighbours[thief.peer.address] = other;
    expect_the_404(files->answer(thief));
    EXPECT_EQ(boot().status, 200);
    EXPECT_EQ(boot().status, 200);
    expect_the_404(boot());
    EXPECT_THAT(last(), HasSubstr("was given 3 files without a token"));
}

TEST_F(BootTest, AnEnrolmentIsNoProofThatARegisteredPhoneAsks) {
    with.gate.allow = {*base::Network::parse("192.168.7.0/24")};
    files->settings(with);
    inventory::Enrolment window;
    window.until = clock.unix_ms() + 60'000;
    window.from = base::Network::parse("192.168.0.0/16");
    apply({inventory::OpenEnrolment{window}});
    auto far = at(own_file); // many phones may be behind that address
    far.peer.address = *base::Ipv4::parse("192.168.7.7");
    registered = far.peer.address;
    expect_the_404(files->answer(far));
    registered.reset();
    EXPECT_EQ(files->answer(far).status, 200);
}

TEST_F(BootTest, RefusesWhileAnotherAddressUsesTheUrlOrTheMacIsContested) {
    ASSERT_EQ(get(steady_token()).status, 200);
    const base::Ipv4 second{phone_address.value + 1};
    neighbours[second] = phone;
    auto elsewhere = at(own_file);
    elsewhere.peer.address = second;
    expect_the_404(files->answer(elsewhere));
    EXPECT_EQ(last(), "claim_refused: asked without a token while 10.0.0.99 uses its URL");
    clock.advance(std::chrono::minutes(11));
    EXPECT_EQ(files->answer(elsewhere).status, 200);
    ASSERT_TRUE(store->contest(phone, "10.0.0.100", "test"));
    expect_the_404(files->answer(elsewhere));
    EXPECT_THAT(last(), HasSubstr("claim_refused: two phones claim this MAC"));
}

TEST_F(BootTest, GivesNothingToAPendingOrBlockedPhone) {
    auto asking = at("cfg001fc1000002.xml");
    asking.user_agent = "Htek UC926 2.0.4.2 00:1f:c1:00:00:02";
    neighbours[phone_address] = other;
    expect_the_404(files->answer(asking));
    ASSERT_NE(store->now().device(other), nullptr) << "it appears in the list";
    EXPECT_EQ(last(other), "file_refused: asked without a token, and is pending");
    apply({inventory::Block{other}});
    guests_are_welcome = true;
    expect_the_404(files->answer(asking));
    EXPECT_EQ(last(other), "file_refused: asked without a token, and is blocked");
}

TEST_F(BootTest, GivesAGuestOneFileADayAndItsOwnUrlOnceItIsApproved) {
    auto asking = at("cfg001fc1000002.xml");
    asking.user_agent = "Htek UC926 2.0.4.2 00:1f:c1:00:00:02";
    neighbours[phone_address] = other;
    guests_are_welcome = true;
    const auto file = files->answer(asking);
    ASSERT_EQ(file.status, 200);
    EXPECT_THAT(*file.body, AllOf(HasSubstr(">http://10.0.0.1:5480/boot/htek/<"),
                                  HasSubstr("CheckUpgradeTimes\">15<"), Not(HasSubstr("/p/"))));
    EXPECT_EQ(last(other), "guest_served: cfg001fc1000002.xml");
    expect_the_404(files->answer(asking));
    clock.advance(std::chrono::hours(24));
    EXPECT_EQ(files->answer(asking).status, 200);
    apply({inventory::Assign{other, {"202"}}});
    const auto own = files->answer(asking);
    ASSERT_EQ(own.status, 200);
    EXPECT_THAT(*own.body, HasSubstr("/p/" + steady_token(other)));
}

TEST_F(BootTest, ConsumesNothingByHeadAndTellsNothing) {
    auto head = at(own_file);
    head.method = "HEAD";
    expect_the_404(files->answer(head));
    EXPECT_EQ(store->now().device(phone)->boots, 0U);
}

TEST_F(BootTest, NeverCountsAgainstAPhoneThatAsksForItselfInVain) {
    apply({inventory::Block{phone}});
    for (int i = 0; i < 100; ++i) {
        expect_the_404(boot());
    }
    EXPECT_THAT(files->penalties(), IsEmpty());
    for (int i = 0; i < 40; ++i) {
        auto guess = at("cfg001fc10001" + std::to_string(10 + i) + ".xml");
        guess.user_agent = "curl";
        expect_the_404(files->answer(guess));
    }
    EXPECT_THAT(files->penalties(), Not(IsEmpty())) << "whoever asks for others is no phone";
}

// Logins

class LoginTest : public Door {
  protected:
    LoginTest() {
        profile::Rule rule;
        rule.credential = profile::Credential::userinfo;
        with.rules = {rule};
        files->settings(with);
    }

    Response ask(const std::string& name, const std::string& authorization = {}) {
        auto made = request("", name);
        made.path = "/" + name;
        made.authorization = authorization;
        return files->answer(made);
    }
};

TEST_F(LoginTest, AsksEveryNameOfAChainForALoginKnownOrNot) {
    for (const std::string name :
         {"cfg001fc1000001.xml", "cfg001fc1000099.xml", "factory0000.xml", "cfg0010.xml"}) {
        const auto response = ask(name);
        EXPECT_EQ(response.status, 401) << name;
        EXPECT_EQ(response.body, nullptr);
    }
    EXPECT_EQ(store->now().device_count(), 1U);
    expect_the_404(ask("index.html"));
    with.rules.clear();
    files->settings(with);
    expect_the_404(ask(own_file));
}

TEST_F(LoginTest, ServesThePhoneThatLogsInWithItsToken) {
    const auto first = ask(own_file, login(phone, first_token()));
    ASSERT_EQ(first.status, 200);
    EXPECT_THAT(*first.body,
                AllOf(HasSubstr(">http://001fc1000001:" + steady_token() + "@10.0.0.1:5480/<"),
                      HasSubstr("_UserName\">001fc1000001<"),
                      HasSubstr("_Password\">" + steady_token() + "<")));
    const auto steady = ask(own_file, login(phone, steady_token()));
    ASSERT_EQ(steady.status, 200);
    EXPECT_EQ(*steady.body, *first.body);
    EXPECT_TRUE(store->now().device(phone)->is_configured());
}

TEST_F(LoginTest, AnswersAWrongLoginWithTheSame404) {
    expect_the_404(ask(own_file, login(phone, std::string(22, 'A'))));
    expect_the_404(ask(own_file, login(other, steady_token())));
    expect_the_404(ask(own_file, "Basic !!"));
    expect_the_404(ask("cfg001fc1000002.xml", login(phone, steady_token())));
}

TEST_F(LoginTest, HidesTheTokenWhereTheFileIsShownToAPerson) {
    const auto shown = files->render(phone, own_file, our_address, false);
    ASSERT_TRUE(shown) << shown.error().what;
    EXPECT_THAT(*shown, Not(HasSubstr(steady_token())));
}

// Over a socket

TEST_F(BootTest, RefusesOnTheWireWithTheSameBytesForEveryReason) {
    with.gate.neighbour_check = base::NeighbourCheck::off;
    files->settings(with);
    files->surroundings({{{base::Ipv4{INADDR_LOOPBACK}, 8}}, {}});
    apply({inventory::Assign{other, {"202"}}, inventory::Block{other}});
    registered = our_address;
    base::Loop loop;
    serve::Http http(loop, {}, [this](const Request& asked) { return files->answer(asked); });
    ASSERT_TRUE(http.listen({{base::Ipv4{INADDR_LOOPBACK}, 0}}).empty());
    Client client(loop, http.listening().at(0));
    for (const auto& path :
         std::vector<std::string>{"/boot/htek/" + own_file, "/boot/htek/cfg001fc1000002.xml",
                                  "/boot/htek/cfg001fc1000003.xml", "/boot/htek/factory0000.xml",
                                  "/boot/acme/x.xml", "/boot/htek/", "/boot/"}) {
        EXPECT_EQ(client.ask("GET " + path + " HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\n\r\n").all(),
                  "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            << path;
    }
}

} // namespace
