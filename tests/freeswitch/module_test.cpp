// SPDX-License-Identifier: MIT
// The very mod_pnp.so in a host that has nothing but 19 of FreeSWITCH's functions: loading,
// commands, and what is left when it goes.
#include "freeswitch/site.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <memory>
#include <set>
#include <sstream>
#include <thread>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <pthread.h>

namespace {

using fake::Files;
using fake::Host;
using fake::Loaded;
using fake::served;
using fake::Site;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;
using ::testing::Not;
using ::testing::StartsWith;

std::size_t entries(const char* folder) {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator(folder)) {
        ++count;
    }
    return count;
}

/// What a program of this machine prints, by lines.
std::vector<std::string> lines_of(const std::string& command) {
    std::vector<std::string> out;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::array<char, 4096> line{};
    while (pipe && std::fgets(line.data(), line.size(), pipe.get()) != nullptr) {
        out.emplace_back(line.data());
    }
    return out;
}

std::set<std::string> symbols(const std::string& options, const std::string& file) {
    std::set<std::string> out;
    for (const auto& line : lines_of("nm -D " + options + " '" + file + "'")) {
        std::istringstream words(line);
        std::string word;
        std::string last;
        while (words >> word) {
            last = word;
        }
        out.insert(last.substr(0, last.find('@')));
    }
    return out;
}

std::set<std::string> of_freeswitch(const std::set<std::string>& all) {
    std::set<std::string> out;
    for (const auto& one : all) {
        if (one.rfind("switch_", 0) == 0) {
            out.insert(one);
        }
    }
    return out;
}

TEST(ModPnp, LoadsRunsItsCommandAndUnloads) {
    Loaded loaded;
    ASSERT_EQ(loaded.status, 0);
    EXPECT_EQ(loaded.host.module_name(), "mod_pnp");
    EXPECT_EQ(loaded.host.api_name(), "pnp");
    EXPECT_THAT(loaded.host.pnp("status"), HasSubstr("FreeSWITCH"));
    EXPECT_THAT(loaded.host.pnp(""), HasSubstr("assign"));
    EXPECT_THAT(loaded.host.pnp("show devices"), Not(StartsWith("-ERR")));
    EXPECT_THAT(loaded.host.pnp("asign"), AllOf(StartsWith("-ERR "), HasSubstr("assign")));
    EXPECT_THAT(loaded.host.pnp("assign 001fc1000001 999"), StartsWith("-ERR "));
    EXPECT_TRUE(std::filesystem::exists(loaded.site.folder + "/pnp.sqlite3"));
    EXPECT_TRUE(std::filesystem::exists(loaded.site.folder + "/pnp.ctl"));
    EXPECT_EQ(loaded.host.unload(), 0);
    EXPECT_EQ(loaded.host.live_bindings(), 0U);
    EXPECT_EQ(loaded.host.live_documents(), 0U);
}

TEST(ModPnp, WordsInQuotesStayTogether) {
    Loaded loaded;
    loaded.host.pnp(R"(extension add 201 --name "Front desk")");
    loaded.host.pnp("extension add 202 --name 'Back \"door\"'");
    EXPECT_THAT(loaded.host.pnp("show extensions"),
                AllOf(HasSubstr("Front desk"), HasSubstr("Back \"door\"")));
}

TEST(ModPnp, CommandsHaveRoomOnASmallStack) {
    served({}, [](Loaded& loaded) {
        loaded.give("201");
        pthread_attr_t attributes{};
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, 240UL * 1024); // FreeSWITCH's threads

        struct Asked {
            Host& host;
            std::string said;
        } asked{loaded.host, {}};

        pthread_t thread{};
        ASSERT_EQ(pthread_create(
                      &thread, &attributes,
                      [](void* to) -> void* {
                          auto& all = *static_cast<Asked*>(to);
                          all.said = all.host.pnp("render 001fc1000001 cfg001fc1000001.xml");
                          return nullptr;
                      },
                      &asked),
                  0);
        pthread_join(thread, nullptr);
        pthread_attr_destroy(&attributes);
        EXPECT_THAT(asked.said, HasSubstr("201"));
    });
}

TEST(ModPnp, ReadsItsConfigurationAgain) {
    Loaded loaded;
    EXPECT_THAT(loaded.host.pnp("reload"), Not(StartsWith("-ERR")));
    loaded.site.write("no_such_option = 1\n");
    EXPECT_THAT(loaded.host.pnp("reload"), AllOf(StartsWith("-ERR"), HasSubstr("no_such_option")));
}

/// Three times, or as often as PNP_CYCLES says: a hundred take a minute.
int cycles() {
    const char* wanted = std::getenv("PNP_CYCLES");
    return wanted == nullptr ? 3 : std::max(1, std::atoi(wanted));
}

TEST(ModPnp, UnloadsAndLoadsAgainAndLeavesNothing) {
    const Site site;
    Host host(site.document());
    ASSERT_EQ(host.load(MOD_PNP), 0); // what the first one makes for good
    ASSERT_EQ(host.unload(), 0);
    const auto descriptors = entries("/proc/self/fd");
    const auto threads = entries("/proc/self/task");
    const int rounds = cycles();
    for (int round = 0; round < rounds; ++round) {
        ASSERT_EQ(host.load(MOD_PNP), 0) << round;
        EXPECT_GT(entries("/proc/self/task"), threads);
        host.pnp("extension add " + std::to_string(200 + round));
        for (int before = 0; before <= round; ++before) {
            EXPECT_TRUE(host.user(std::to_string(200 + before), fake::domain)) << before;
        }
        ASSERT_EQ(host.unload(), 0) << round;
        EXPECT_FALSE(host.user("200", fake::domain)) << "it answers no more";
        EXPECT_EQ(host.live_bindings(), 0U);
        EXPECT_EQ(host.live_documents(), 0U);
        EXPECT_EQ(entries("/proc/self/fd"), descriptors);
        EXPECT_EQ(entries("/proc/self/task"), threads);
    }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    std::ifstream maps("/proc/self/maps");
    std::stringstream mapped;
    mapped << maps.rdbuf();
    EXPECT_THAT(mapped.str(), Not(HasSubstr("mod_pnp"))) << "the file is let go";
#endif
}

/// Forks number theirs otherwise: a check-sync would be some other event there.
TEST(ModPnp, IsNotLoadedWhereEventsAreNumberedOtherwise) {
    const Site site;
    Host host(site.document());
    host.event_name(57, "SEND_MESSAGE");
    EXPECT_NE(host.load(MOD_PNP), 0);
    EXPECT_TRUE(host.has_logged(3, "57 is not NOTIFY"));
    EXPECT_TRUE(host.fired().empty()) << "nobody is told of such an event";
    EXPECT_EQ(host.live_bindings(), 0U);
}

/// As mod_lua may answer for configurations, and older ones hold a lock while a module is loaded
/// that such a script needs, too.
TEST(ModPnp, IsLoadedWhereAScriptAnswersForConfigurations) {
    Loaded loaded;
    loaded.host.pnp("extension add 301");
    loaded.host.pnp(std::string("assign ") + fake::phone + " 1000");
    ASSERT_EQ(loaded.host.unload(), 0);
    loaded.host.scripts_answer();
    ASSERT_EQ(loaded.host.load(MOD_PNP), 0);
    EXPECT_TRUE(loaded.host.user("301", fake::domain));
    EXPECT_THAT(loaded.host.pnp("extension add 1000"), StartsWith("-ERR"));
}

TEST(ModPnp, IsNotLoadedWithoutItsConfiguration) {
    Files files;
    files.settings = "";
    const Site nowhere(files);
    Host host(nowhere.document());
    EXPECT_NE(host.load(MOD_PNP), 0);
    EXPECT_TRUE(host.has_logged(3, "domain of the directory")) << host.logged().back().text;

    host.document(R"(<document><section name="configuration"/></document>)");
    EXPECT_NE(host.load(MOD_PNP), 0);
    EXPECT_TRUE(host.has_logged(3, "autoload_configs/pnp.conf.xml"));

    const Site wrong;
    wrong.write("no_such_option = 1\n");
    host.document(wrong.document());
    EXPECT_NE(host.load(MOD_PNP), 0);
    EXPECT_TRUE(host.has_logged(3, "no_such_option"));
    EXPECT_EQ(host.live_bindings(), 0U);
    EXPECT_EQ(host.live_documents(), 0U);
}

std::string configuration(const std::string& name, const std::string& inside) {
    return "<configuration name=\"" + name + "\">" + inside + "</configuration>";
}

/// `bindings` as an attribute; empty: there is none.
std::string curl(const std::string& bindings) {
    return configuration("xml_curl.conf",
                         R"(<bindings><binding name="all"><param name="timeout" value="9"/>
                            <param name="gateway-url" value="http://127.0.0.1/" )" +
                             bindings + "/></binding></bindings>");
}

std::string script(const std::string& file, const std::string& sections) {
    return configuration(file, R"(<settings><param name="xml-handler-script" value="x"/>
                                  <param name="xml-handler-bindings" value=")" +
                                   sections + R"("/></settings>)");
}

/// One of the lists of modules; `names` apart by blanks.
std::string modules(const std::string& names, const std::string& list = "modules.conf") {
    std::istringstream words(names);
    std::string out;
    for (std::string word; words >> word;) {
        out += "<load module=\"" + word + "\"/>";
    }
    return configuration(list, "<modules>" + out + "</modules>");
}

/// That mod_pnp is not loaded beside these configurations, and names the module.
void expect_refused(const std::string& configurations, const std::string& module) {
    Files files;
    files.configurations = configurations;
    const Site site(files);
    Host host(site.document());
    EXPECT_NE(host.load(MOD_PNP), 0) << configurations;
    EXPECT_TRUE(host.has_logged(3, module + " answers for the directory here")) << configurations;
    EXPECT_EQ(host.live_bindings(), 0U);
    EXPECT_EQ(host.live_documents(), 0U);
}

void expect_loaded(const std::string& configurations) {
    Files files;
    files.configurations = configurations;
    EXPECT_EQ(Loaded(files).status, 0) << configurations;
}

TEST(ModPnp, IsNotLoadedWhereAnotherBindingAnswersForUsers) {
    expect_refused(curl(R"(bindings="dialplan|directory")") + modules("mod_xml_curl"),
                   "mod_xml_curl");
    expect_refused(script("lua.conf", "configuration,dialplan,directory") + modules("mod_lua"),
                   "mod_lua");
    expect_refused(configuration("xml_ldap.conf", R"(<bindings><binding name="directory">
                       <param name="filter" value="uid=%s" bindings="dialplan"/>
                       </binding></bindings>)") +
                       modules("mod_xml_ldap"),
                   "mod_xml_ldap");
    expect_refused(configuration("xml_scgi.conf", R"(<bindings><binding name="x">
                       <param name="host" value="127.0.0.1" bindings="directory"/>
                       </binding></bindings>)") +
                       modules("mod_xml_scgi"),
                   "mod_xml_scgi");
    expect_refused(configuration("xml_radius.conf", "<auth_invite/>") + modules("mod_xml_radius"),
                   "mod_xml_radius");
    expect_refused(configuration("amqp.conf", R"(<xml_handler><profile name="x"><params>
                       <param name="xml-handler-bindings" value="directory"/>
                       </params></profile></xml_handler>)") +
                       modules("mod_amqp"),
                   "mod_amqp");
    expect_refused(configuration("kazoo.conf", "") + modules("mod_kazoo"), "mod_kazoo");
    expect_refused(script("v8.conf", "directory") + modules("mod_v8"), "mod_v8");
}

TEST(ModPnp, IsNotLoadedWhereAnotherBindingAnswersForEverything) {
    expect_refused(curl("") + modules("mod_xml_curl"), "mod_xml_curl");
    expect_refused(curl(R"(bindings="all")") + modules("mod_xml_curl"), "mod_xml_curl");
    expect_refused(script("lua.conf", "all") + modules("mod_lua"), "mod_lua");
    expect_refused(configuration("xml_scgi.conf", "<bindings><binding/></bindings>") +
                       modules("mod_xml_scgi"),
                   "mod_xml_scgi");
    expect_refused(curl("") /* and no list of modules can be read */, "mod_xml_curl");
}

TEST(ModPnp, SaysThatAnotherDialPlanIsAskedBeforeOurs) {
    const auto hidden = HasSubstr("mod_xml_curl answers for the dial plan here");
    Files files;
    files.configurations = curl(R"(bindings="dialplan")") + modules("mod_xml_curl mod_pnp");
    Loaded before(files);
    EXPECT_EQ(before.status, 0);
    EXPECT_THAT(before.host.pnp("status"), hidden);
    EXPECT_TRUE(before.host.has_logged(4, "mod_xml_curl answers for the dial plan here"));
}

/// As when FreeSWITCH starts: the other one comes after us, and nobody is alarmed at each start.
TEST(ModPnp, SaysNothingOfADialPlanThatIsAskedAfterOurs) {
    Files files;
    files.configurations = curl(R"(bindings="dialplan")") + modules("mod_pnp mod_xml_curl");
    Loaded after(files);
    EXPECT_EQ(after.status, 0);
    EXPECT_THAT(after.host.pnp("status"), Not(HasSubstr("dial plan")));
    EXPECT_FALSE(after.host.has_logged(4, "dial plan"));
}

TEST(ModPnp, WarnsOfNothingAtAStartInTheRightOrder) {
    Files files;
    files.configurations = script("lua.conf", "directory,dialplan") + modules("mod_pnp mod_lua");
    Loaded loaded(files);
    EXPECT_TRUE(loaded.host.has_logged(5, "so choose other numbers"));
    EXPECT_FALSE(loaded.host.has_logged(4, "mod_lua"));
    EXPECT_THAT(loaded.host.pnp("status"), Not(HasSubstr("mod_lua")));
}

/// FreeSWITCH asks in the order in which modules were bound, whatever modules.conf.xml says.
TEST(ModPnp, WarnsThatALoadAfterTheOtherOneIsTooLate) {
    const std::unique_ptr<void, int (*)(void*)> other(::dlopen(MOD_LUA, RTLD_NOW), ::dlclose);
    ASSERT_TRUE(other);
    for (const char* section : {"directory", "dialplan"}) {
        for (const char* listed : {"mod_pnp mod_lua", "mod_pnp"}) { // or the other one by hand
            Files files;
            files.configurations = script("lua.conf", section) + modules(listed);
            Loaded loaded(files);
            EXPECT_TRUE(loaded.host.has_logged(4, "estart FreeSWITCH")) << section << listed;
            EXPECT_THAT(loaded.host.pnp("status"),
                        AllOf(HasSubstr("! FreeSWITCH: mod_lua answers for the "),
                              HasSubstr("loaded before mod_pnp")));
        }
    }
}

TEST(ModPnp, IsLoadedBesideBindingsThatAnswerForNoUser) {
    expect_loaded(curl("") + modules("mod_sofia")); // a sample that nobody loads
    expect_loaded(configuration("lua.conf", "<settings/>") + modules("mod_lua"));
    for (const char* script : {"", R"(<param name="xml-handler-script" value=""/>)"}) {
        expect_loaded(configuration("lua.conf",
                                    std::string("<settings>") + script +
                                        R"(<param name="xml-handler-bindings" value="directory"/>
                                           <param name="xml-handler-script" value="below"/>
                                           </settings>)") +
                      modules("mod_lua")); // a script that is named too late, too
    }
    expect_loaded(configuration("xml_radius.conf", "<acct_start/>") + modules("mod_xml_radius"));
    expect_loaded(configuration("amqp.conf", R"(<producers><profile name="x"/></producers>)") +
                  modules("mod_amqp"));
}

TEST(ModPnp, IsLoadedWhereItIsAskedBeforeTheOther) {
    const auto lua = script("lua.conf", "directory");
    expect_loaded(lua + modules("mod_pnp mod_sofia mod_lua"));
    expect_loaded(lua + modules("mod_pnp", "pre_load_modules.conf") + modules("mod_lua"));
    expect_refused(lua + modules("mod_lua mod_pnp"), "mod_lua");
    expect_refused(lua + modules("mod_lua", "pre_load_modules.conf") + modules("mod_pnp"),
                   "mod_lua");
    expect_refused(lua + modules("mod_sofia") + modules("mod_lua", "post_load_modules.conf"),
                   "mod_lua"); // ours was loaded by hand, so that one is there already
}

TEST(ModPnp, IsNotLoadedWhereAModuleThatAnswersIsWrittenAsAFile) {
    const auto lua = script("lua.conf", "directory");
    for (const char* spelling :
         {"mod_lua.so", "/usr/lib/freeswitch/mod/mod_lua.so", "/usr/lib/freeswitch/mod/mod_lua"}) {
        expect_refused(lua + modules(std::string(spelling) + " mod_pnp"), "mod_lua");
        expect_loaded(lua + modules(std::string("mod_pnp.so ") + spelling));
    }
}

TEST(ModPnp, SaysThatClaimsAreDialledInAsteriskAlone) {
    Loaded loaded;
    EXPECT_THAT(loaded.host.pnp("status"), Not(HasSubstr("claim_code")));
    loaded.site.write("claim_code = *77\n");
    EXPECT_THAT(loaded.host.pnp("reload"), Not(StartsWith("-ERR")));
    EXPECT_THAT(loaded.host.pnp("status"), HasSubstr("claim_code works inside Asterisk alone"));
    EXPECT_TRUE(loaded.host.has_logged(4, "claim_code works inside Asterisk alone"));
    loaded.site.write("");
    loaded.host.pnp("reload");
    EXPECT_THAT(loaded.host.pnp("status"), Not(HasSubstr("claim_code")));
}

/// FreeSWITCH's threads have real-time priority; a long command there would keep calls waiting.
TEST(ModPnp, ACommandOfARealTimeThreadLetsCallsGoFirst) {
    Loaded loaded;
    std::thread([&] {
        const sched_param first{1};
        if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &first) != 0) {
            return;
        }
        loaded.host.pnp("reload");
    }).join();
    const auto all = loaded.host.logged();
    const auto found = std::find_if(all.begin(), all.end(), [](const fake::Logged& one) {
        return one.text.find("templates read again") != std::string::npos;
    });
    if (found == all.end()) {
        GTEST_SKIP() << "needs the right to real-time priority";
    }
    EXPECT_EQ(found->scheduler, SCHED_OTHER);
}

/// Whoever makes a thread meanwhile gets what it asked for.
TEST(ModPnp, LeavesTheSizeOfOthersStacksAlone) {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer's threads do not start on 240 KiB";
#endif
    const auto size = [] {
        pthread_attr_t attributes{};
        std::size_t out = 0;
        pthread_getattr_default_np(&attributes);
        pthread_attr_getstacksize(&attributes, &out);
        pthread_attr_destroy(&attributes);
        return out;
    };
    pthread_attr_t before{};
    pthread_attr_t small{};
    pthread_getattr_default_np(&before);
    pthread_getattr_default_np(&small);
    pthread_attr_setstacksize(&small, 240UL * 1024);
    pthread_setattr_default_np(&small);
    {
        Loaded loaded;
        std::atomic<int> run = 0;
        std::vector<std::thread> commands;
        for (int count = 0; count < 2; ++count) {
            commands.emplace_back([&] {
                while (run < 50) {
                    loaded.host.pnp("status");
                    ++run;
                }
            });
        }
        bool was_other = false;
        while (run < 50) {
            was_other = was_other || size() != 240UL * 1024;
        }
        for (auto& one : commands) {
            one.join();
        }
        EXPECT_FALSE(was_other);
    }
    EXPECT_EQ(size(), 240UL * 1024);
    pthread_setattr_default_np(&before);
    pthread_attr_destroy(&before);
    pthread_attr_destroy(&small);
}

/// FreeSWITCH's own folder of databases is often put there.
TEST(ModPnp, SaysThatADatabaseInMemoryIsGoneWithTheNextStart) {
    if (lines_of("stat -f -c %T /dev/shm") != std::vector<std::string>{"tmpfs\n"}) {
        GTEST_SKIP() << "needs a folder in memory";
    }
    std::string folder = "/dev/shm/pnp-fs-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    Files files;
    files.settings += R"(<param name="data" value=")" + folder + R"("/>)";
    {
        Loaded loaded(files);
        EXPECT_TRUE(loaded.host.has_logged(4, folder + " is in memory"));
        EXPECT_THAT(loaded.host.pnp("status"), HasSubstr(folder + "/pnp.sqlite3, in memory"));
        EXPECT_TRUE(std::filesystem::exists(folder + "/pnp.sqlite3"));
    }
    std::filesystem::remove_all(folder);
}

TEST(ModPnp, NamesTheProfileOfFreeSwitchsOwnPnp) {
    Files files;
    files.configurations = R"(<configuration name="sofia.conf"><profiles>
        <profile name="internal"><settings><param name="sip-ip" value="10.0.0.10"/></settings></profile>
        <profile name="native"><settings><param name="sip-ip" value="224.0.1.75"/></settings></profile>
        </profiles></configuration>)";
    const Loaded loaded(files);
    EXPECT_TRUE(loaded.host.has_logged(3, "take the SIP profile native out of sip_profiles"));
}

TEST(ModPnp, LogsLinesWhoseTextIsNoFormat) {
    const Loaded loaded;
    for (const auto& one : loaded.host.logged()) {
        EXPECT_THAT(one.text, AllOf(Not(StartsWith("FORMAT")), ::testing::EndsWith("\n")));
        EXPECT_TRUE(one.level == 7 || (one.level >= 3 && one.level <= 5)) << one.level;
    }
    EXPECT_FALSE(loaded.host.logged().empty());
}

TEST(ModPnp, NeedsNothingOfFreeSwitchButWhatTheHostHas) {
    const auto exported = of_freeswitch(
        symbols("--defined-only", std::filesystem::read_symlink("/proc/self/exe").string()));
    EXPECT_EQ(exported.size(), 19U);
    const auto needed = of_freeswitch(symbols("--undefined-only", MOD_PNP));
    EXPECT_EQ(needed.size(), 18U) << "the README says so";
    EXPECT_THAT(needed, IsSubsetOf(exported));
}

TEST(ModPnp, ShowsItsTableAloneAndNothingOfSofia) {
    EXPECT_THAT(symbols("--defined-only", MOD_PNP),
                ::testing::ElementsAre("mod_pnp_module_interface"));
    for (const auto& one : symbols("--undefined-only", MOD_PNP)) {
        for (const char* prefix : {"sip_", "msg_", "su_", "url_", "nta_", "tport_", "sofia_"}) {
            EXPECT_THAT(one, Not(StartsWith(prefix)));
        }
    }
    const auto dynamic = lines_of(std::string("readelf -dW '") + MOD_PNP + "'");
    EXPECT_THAT(dynamic, Contains(AllOf(HasSubstr("(NEEDED)"), HasSubstr("[libc.so.6]"))));
    EXPECT_THAT(dynamic, Each(AllOf(Not(HasSubstr("libsofia")), Not(HasSubstr("NODELETE")))));
    const auto all = lines_of(std::string("readelf --dyn-syms -W '") + MOD_PNP + "'");
    EXPECT_THAT(all, Contains(AllOf(HasSubstr(" GLOBAL "), HasSubstr("mod_pnp_module_interface"))));
    // Such a symbol would keep the file mapped after an unload.
    EXPECT_THAT(all, Each(Not(HasSubstr(" UNIQUE "))));
}

} // namespace
