//! Tables of Django's models, which take their names from app and class: renamed in models and migrations alike, or in neither.

use crate::sandbox::Sandbox;

const SETTINGS: &str = "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'data/app.db'}}\n";
const MODELS: &str = "from django.db import models\n";
const STEPS: &str =
    "from django.db import migrations, models\nclass Migration(migrations.Migration):\n    operations = [\n";

/// The files once `fix` has renamed tables, and what it says. Twice is once.
fn renamed(tables: &[(&str, &str)], files: &[(&str, &str)]) -> (Vec<String>, String) {
    let names: String = tables.iter().map(|(old, new)| format!("{old} = \"{new}\"\n")).collect();
    let policy = format!("[primary]\npath = \"data/app.db\"\n\n[tables]\n{names}");
    let mut sandbox = Sandbox::new().file("dbguard.toml", policy).file("settings.py", SETTINGS);
    for (path, text) in files {
        sandbox = sandbox.file(path, *text);
    }
    let read = |sandbox: &Sandbox| -> Vec<String> {
        files.iter().map(|(path, _)| std::fs::read_to_string(sandbox.path().join(path)).unwrap()).collect()
    };
    let run = sandbox.run(&["fix", "--unsafe", "--select", "retired-table"]);
    let texts = read(&sandbox);
    sandbox.run(&["fix", "--unsafe", "--select", "retired-table"]);
    assert_eq!(texts, read(&sandbox), "a second run changes nothing");
    (texts, run.stdout + &run.stderr)
}

/// A model, the steps of its app, and what both become under `blog_post = "entry"`.
#[track_caller]
fn becomes(model: &str, steps: &str, expected: (&str, &str)) {
    let files = [
        ("blog/models.py", format!("{MODELS}{model}")),
        ("blog/migrations/__init__.py", String::new()),
        ("blog/migrations/0001_initial.py", format!("{STEPS}{steps}    ]\n")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let (texts, page) = renamed(&[("blog_post", "entry")], &files);
    assert_eq!(texts[0], format!("{MODELS}{}", expected.0), "{page}");
    assert_eq!(texts[2], format!("{STEPS}{}    ]\n", expected.1), "{page}");
}

#[track_caller]
fn stays(reason: &str, model: &str, steps: &str) {
    let files = [
        ("blog/models.py", format!("{MODELS}{model}")),
        ("blog/migrations/__init__.py", String::new()),
        ("blog/migrations/0001_initial.py", format!("{STEPS}{steps}    ]\n")),
        (
            "blog/views.py",
            "from django.db import connection\nconnection.cursor().execute('SELECT id FROM blog_post')\n".into(),
        ),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let (texts, page) = renamed(&[("blog_post", "entry")], &files);
    assert!(page.contains(reason), "{page}");
    for ((path, before), after) in files.iter().zip(&texts) {
        assert_eq!(before, after, "{path}: {page}");
    }
}

const POST: &str = "class Post(models.Model):\n    title = models.TextField()\n";
const MADE: &str = "        migrations.CreateModel(name='Post', fields=[('title', models.TextField())]),\n";

#[test]
fn a_model_and_the_step_that_makes_it() {
    becomes(
        POST,
        MADE,
        (
            "class Post(models.Model):\n    title = models.TextField()\n\n    class Meta:\n        db_table = \"entry\"\n",
            "        migrations.CreateModel(name='Post', fields=[('title', models.TextField())], options={'db_table': 'entry'}),\n",
        ),
    );
    // As Django writes its migrations and people their models.
    becomes(
        "class Post(models.Model):\n    \"\"\"What is read.\"\"\"\n\n    title = models.TextField()  # short\n\n    class Meta:\n        \"\"\"How.\"\"\"\n\n        ordering = [\"title\"]\n\n    def __str__(self):\n        return self.title\n",
        "        migrations.CreateModel(\n            name=\"Post\",\n            fields=[\n                (\"title\", models.TextField()),\n            ],\n            options={\n                \"ordering\": [\"title\"],  # as it reads\n            },\n        ),\n",
        (
            "class Post(models.Model):\n    \"\"\"What is read.\"\"\"\n\n    title = models.TextField()  # short\n\n    class Meta:\n        \"\"\"How.\"\"\"\n        db_table = \"entry\"\n\n        ordering = [\"title\"]\n\n    def __str__(self):\n        return self.title\n",
            "        migrations.CreateModel(\n            name=\"Post\",\n            fields=[\n                (\"title\", models.TextField()),\n            ],\n            options={\n                \"db_table\": \"entry\",\n                \"ordering\": [\"title\"],  # as it reads\n            },\n        ),\n",
        ),
    );
    // Fields may refer to other models alone; a squashed step makes the model once more.
    becomes(
        "class Post(models.Model):\n    blog = models.ForeignKey('Blog', models.CASCADE)\n\n    def __str__(self):\n        return 'post'\n",
        "        migrations.CreateModel(\n            name='Post',\n            fields=[('blog', models.ForeignKey(to='blog.Blog'))],\n            bases=('blog.base',),\n        ),\n        migrations.CreateModel(\n            'Post',\n            [('blog', models.ForeignKey(to='blog.Blog'))],\n        ),\n",
        (
            "class Post(models.Model):\n    blog = models.ForeignKey('Blog', models.CASCADE)\n\n    class Meta:\n        db_table = 'entry'\n\n    def __str__(self):\n        return 'post'\n",
            "        migrations.CreateModel(\n            name='Post',\n            fields=[('blog', models.ForeignKey(to='blog.Blog'))],\n            options={\n                'db_table': 'entry',\n            },\n            bases=('blog.base',),\n        ),\n        migrations.CreateModel(\n            'Post',\n            [('blog', models.ForeignKey(to='blog.Blog'))],\n            options={\n                'db_table': 'entry',\n            },\n        ),\n",
        ),
    );
}

#[test]
fn a_model_that_was_called_otherwise() {
    becomes(
        "class Post(models.Model):\n    title = models.TextField('title')\n\n    class Meta:\n        swappable = 'POST_MODEL'\n",
        "        migrations.CreateModel('Text', [], {'swappable': 'POST_MODEL'}),\n        migrations.RenameModel('Text', 'Article'),\n        migrations.RenameModel('Article', 'Post'),\n",
        (
            "class Post(models.Model):\n    title = models.TextField('title')\n\n    class Meta:\n        db_table = 'entry'\n        swappable = 'POST_MODEL'\n",
            "        migrations.CreateModel('Text', [], {'db_table': 'entry', 'swappable': 'POST_MODEL'}),\n        migrations.RenameModel('Text', 'Article'),\n        migrations.RenameModel('Article', 'Post'),\n",
        ),
    );
}

#[test]
fn a_meta_that_a_base_gives_goes_on_giving() {
    let base = "class Stamped(models.Model):\n    at = models.DateTimeField()\n\n    class Meta:\n        abstract = True\n        ordering = ['at']\n\n\n";
    becomes(
        &format!("{base}class Post(Stamped):\n    title = models.TextField()\n"),
        MADE,
        (
            &format!(
                "{base}class Post(Stamped):\n    title = models.TextField()\n\n    class Meta(Stamped.Meta):\n        db_table = 'entry'\n"
            ),
            "        migrations.CreateModel(name='Post', fields=[('title', models.TextField())], options={'db_table': 'entry'}),\n",
        ),
    );
    // A class below one with a table of its own, and one that has none.
    let below = "\n\nclass Draft(Post):\n    note = models.TextField()\n\n\nclass Late(Post):\n    class Meta:\n        proxy = True\n";
    becomes(
        &format!("{base}class Mixin:\n    pass\n\n\nclass Post(Mixin, Stamped):\n    pass\n{below}"),
        MADE,
        (
            &format!(
                "{base}class Mixin:\n    pass\n\n\nclass Post(Mixin, Stamped):\n    pass\n\n    class Meta(Stamped.Meta):\n        db_table = 'entry'\n{below}"
            ),
            "        migrations.CreateModel(name='Post', fields=[('title', models.TextField())], options={'db_table': 'entry'}),\n",
        ),
    );
    stays(
        "whether `Strange` has a `Meta` is not known: give the `Meta` of `Post` a `db_table` by hand, and make the migration",
        "from library import Strange\nclass Post(Strange, models.Model):\n    title = models.TextField()\n",
        MADE,
    );
}

#[test]
fn tables_between_models_and_indexes_keep_their_names() {
    becomes(
        "class Post(models.Model):\n    tags = models.ManyToManyField('Tag')\n    others = models.ManyToManyField(\n        'self',  # both ways\n        blank=True,\n    )\n    readers = models.ManyToManyField('User', through='Reading')\n\n    class Meta:\n        indexes = [models.Index(fields=['title', '-at']), models.Index(fields=['at'], name='own')]\n",
        "        migrations.CreateModel(\n            name='Post',\n            fields=[\n                ('others', models.ManyToManyField(blank=True, to='blog.post')),\n                ('gone', models.ManyToManyField(to='blog.post')),\n            ],\n        ),\n        migrations.AddField(model_name='post', name='tags', field=models.ManyToManyField(to='blog.tag')),\n        migrations.RemoveField(model_name='post', name='gone'),\n        migrations.AddIndex(model_name='post', index=models.Index(fields=['title', '-at'], name='blog_post_title_0a1b2c_idx')),\n        migrations.AddIndex(model_name='post', index=models.Index(fields=['at'], name='own')),\n",
        (
            "class Post(models.Model):\n    tags = models.ManyToManyField('Tag', db_table='blog_post_tags')\n    others = models.ManyToManyField(\n        'self',  # both ways\n        db_table='blog_post_others',\n        blank=True,\n    )\n    readers = models.ManyToManyField('User', through='Reading')\n\n    class Meta:\n        db_table = 'entry'\n        indexes = [models.Index(name='blog_post_title_0a1b2c_idx', fields=['title', '-at']), models.Index(fields=['at'], name='own')]\n",
            "        migrations.CreateModel(\n            name='Post',\n            fields=[\n                ('others', models.ManyToManyField(db_table='blog_post_others', blank=True, to='blog.post')),\n                ('gone', models.ManyToManyField(to='blog.post')),\n            ],\n            options={\n                'db_table': 'entry',\n            },\n        ),\n        migrations.AddField(model_name='post', name='tags', field=models.ManyToManyField(db_table='blog_post_tags', to='blog.tag')),\n        migrations.RemoveField(model_name='post', name='gone'),\n        migrations.AddIndex(model_name='post', index=models.Index(fields=['title', '-at'], name='blog_post_title_0a1b2c_idx')),\n        migrations.AddIndex(model_name='post', index=models.Index(fields=['at'], name='own')),\n",
        ),
    );
    // A model that says its name has such tables as well.
    becomes(
        "class Post(models.Model):\n    tags = models.ManyToManyField('Tag')\n\n    class Meta:\n        db_table = 'blog_post'\n",
        "        migrations.CreateModel(name='Post', fields=[('tags', models.ManyToManyField(to='blog.tag'))], options={'db_table': 'blog_post'}),\n",
        (
            "class Post(models.Model):\n    tags = models.ManyToManyField('Tag', db_table='blog_post_tags')\n\n    class Meta:\n        db_table = 'entry'\n",
            "        migrations.CreateModel(name='Post', fields=[('tags', models.ManyToManyField(db_table='blog_post_tags', to='blog.tag'))], options={'db_table': 'entry'}),\n",
        ),
    );
    stays(
        "no migration in `blog/migrations` makes the field `tags`",
        "class Post(models.Model):\n    tags = models.ManyToManyField('Tag')\n",
        MADE,
    );
    stays(
        "the table between two models of `groups` takes its name from this one",
        "class Post(models.Model):\n    title = models.TextField()\n",
        "        migrations.CreateModel(name='Post', fields=[('groups', models.ManyToManyField(to='auth.group'))]),\n",
    );
    stays(
        "a field between two models of `Post` is of a kind of its own, or put together at run time",
        "from sorted import SortedManyToManyField\nclass Post(models.Model):\n    tags = SortedManyToManyField('Tag')\n",
        "        migrations.CreateModel(name='Post', fields=[('tags', SortedManyToManyField(to='blog.tag'))]),\n",
    );
    stays(
        "the tables of the `ManyToManyField` of `Tagged` take their names from those of the models below it",
        "class Tagged(models.Model):\n    tags = models.ManyToManyField('Tag')\n    class Meta:\n        abstract = True\nclass Post(Tagged):\n    pass\n",
        "        migrations.CreateModel(name='Post', fields=[('tags', models.ManyToManyField(to='blog.tag'))]),\n",
    );
    stays(
        "an index of `Post` takes its name from the table's, and no migration tells which",
        &format!("{POST}    class Meta:\n        indexes = [models.Index(fields=['title'])]\n"),
        MADE,
    );
}

#[test]
fn a_table_between_two_models() {
    let files = [
        (
            "blog/models.py",
            "from django.db import models\nclass Post(models.Model):\n    tags = models.ManyToManyField('Tag')\n",
        ),
        (
            "blog/migrations/0001_initial.py",
            "from django.db import migrations, models\noperations = [migrations.CreateModel('Post', [('tags', models.ManyToManyField(to='blog.tag'))])]\n",
        ),
        ("blog/sql.py", "def f(cursor):\n    cursor.execute('SELECT 1 FROM blog_post_tags JOIN blog_post')\n"),
    ];
    let (texts, page) = renamed(&[("blog_post_tags", "post_tag")], &files);
    assert!(texts[0].contains("    tags = models.ManyToManyField('Tag', db_table='post_tag')\n"), "{page}");
    assert!(texts[1].contains("models.ManyToManyField(db_table='post_tag', to='blog.tag')"), "{page}");
    assert!(texts[2].contains("FROM post_tag JOIN blog_post'"), "{page}");
    // Both of them.
    let (texts, page) = renamed(&[("blog_post", "entry"), ("blog_post_tags", "post_tag")], &files);
    assert!(
        texts[0]
            .contains("ManyToManyField('Tag', db_table='post_tag')\n\n    class Meta:\n        db_table = 'entry'\n"),
        "{page}{texts:?}"
    );
    assert!(
        texts[1].contains("ManyToManyField(db_table='post_tag', to='blog.tag'))], options={'db_table': 'entry'})"),
        "{page}{texts:?}"
    );
    assert!(texts[2].contains("FROM post_tag JOIN entry'"), "{page}");
}

#[test]
fn histories_that_cannot_be_told_hold_the_table() {
    for (reason, steps) in [
        ("no migration in `blog/migrations` makes it", "        migrations.RunPython(f),\n".to_owned()),
        (
            "blog/migrations/0001_initial.py:5 changes its table (`AlterModelTable`)",
            format!("{MADE}        migrations.AlterModelTable(name='post', table=None),\n"),
        ),
        (
            "blog/migrations/0001_initial.py:5 changes its table (`DeleteModel`)",
            format!("{MADE}        migrations.DeleteModel(name='Post'),\n"),
        ),
        (
            "takes the model over from elsewhere",
            "        migrations.SeparateDatabaseAndState(state_operations=[migrations.CreateModel(name='Post', fields=[])]),\n"
                .to_owned(),
        ),
        (
            "puts the options of the model together at run time",
            "        migrations.CreateModel(name='Post', fields=[], options=OPTIONS),\n".to_owned(),
        ),
        (
            "blog/migrations/0001_initial.py:5 gave the model its name",
            "        migrations.CreateModel('Text', [('tags', models.ManyToManyField(to='blog.tag'))]),\n        migrations.RenameModel('Text', 'Post'),\n".to_owned(),
        ),
        (
            "blog/migrations/0001_initial.py:5 gave another model its name",
            format!("{MADE}        migrations.RenameModel('Post', 'Text'),\n{MADE}"),
        ),
    ] {
        stays(reason, POST, &steps);
    }
    stays("its `Meta` is made at run time", &format!("{POST}    Meta = meta('blog')\n"), MADE);
    stays(
        "a `Meta` stands further in",
        &format!("{POST}    if True:\n        class Meta:\n            ordering = ['title']\n"),
        MADE,
    );
    stays("the class stands on one line", "class Post(models.Model): title = models.TextField()\n", MADE);
}

#[test]
fn apps_by_their_labels() {
    let models = "from django.db import models\nclass Post(models.Model):\n    title = models.TextField()\n";
    let config = |words: &str| format!("from django.apps import AppConfig\nclass C(AppConfig):\n    {words}\n");
    for (files, table, is_known) in [
        (vec![("site/blog/models.py", models.to_owned())], "blog_post", true),
        (
            vec![
                ("blog/models.py", models.to_owned()),
                ("blog/apps.py", config("name = 'site.blog'\n    label = 'b'")),
            ],
            "b_post",
            true,
        ),
        (
            vec![("blog/data/post.py", models.to_owned()), ("blog/apps.py", config("name = 'site.blog'"))],
            "blog_post",
            true,
        ),
        (vec![("blog/models.py", format!("{models}    class Meta:\n        app_label = 'news'\n"))], "news_post", true),
        (
            vec![("blog/models.py", models.to_owned()), ("blog/apps.py", config("name = 'blog'\n    label = LABEL"))],
            "blog_post",
            false,
        ),
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let (texts, page) = renamed(&[(table, "entry")], &files);
        assert_eq!(texts[0].replace('"', "'").contains("db_table = 'entry'"), is_known, "{page}{texts:?}");
        assert!(is_known || page.contains("the label of its app is made at run time"), "{page}");
    }
}

#[test]
fn a_migration_elsewhere_holds_a_model_without_any() {
    let files = [
        ("blog/models.py", "from django.db import models\nclass Post(models.Model):\n    title = models.TextField()\n"),
        (
            "steps/blog/0001.py",
            "from django.db import migrations, models\noperations = [migrations.CreateModel(name='Post', fields=[])]\n",
        ),
    ];
    let (texts, page) = renamed(&[("blog_post", "entry")], &files);
    assert!(!texts[0].contains("entry"), "{texts:?}");
    assert!(page.contains("`steps/blog/0001.py` makes a `Post`, and may be a migration of this app"), "{page}");
}

const SITE_SETTINGS: &str = "\
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = 'x'
INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth', 'blog', 'shop.apps.ShopConfig']
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'app.db'}}
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
";
const SHOP_MODELS: &str = "\
from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=20)


class Order(models.Model):
    items = models.ManyToManyField(
        Item,  # many
        blank=True,
    )
    created = models.DateTimeField(auto_now_add=True)
    total = models.IntegerField(default=0, db_index=True)

    class Meta:
        ordering = ['pk']
        indexes = [models.Index(fields=['created', '-total'])]
";
const BLOG_MODELS: &str = "\
from django.conf import settings
from django.db import models


class Stamped(models.Model):
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ['-created']


class Tag(models.Model):
    name = models.CharField(max_length=20, unique=True)


class Post(Stamped):
    title = models.CharField(max_length=20, db_index=True)
    tags = models.ManyToManyField(Tag)
    related = models.ManyToManyField('self')
    readers = models.ManyToManyField(settings.AUTH_USER_MODEL)


class Draft(Post):
    note = models.TextField()


class LatePost(Post):
    class Meta:
        proxy = True


class Comment(models.Model):
    post = models.ForeignKey(Post, models.CASCADE)
    text = models.TextField()

    class Meta:
        unique_together = [('post', 'text')]
";
const FILL: &str = "\
import django
django.setup()
from blog.models import Comment, Draft, Post, Tag
from shop.models import Item, Order
post = Post.objects.create(title='a')
post.tags.add(Tag.objects.create(name='t'))
post.related.add(Draft.objects.create(title='d', note='n'))
Comment.objects.create(post=post, text='hi')
Order.objects.create(total=1).items.add(Item.objects.create(name='i'))
";
const LOOK: &str = "\
import django
django.setup()
from django.db import connection
from blog.models import Comment, Draft, LatePost, Post
from shop.models import Order
post = Post.objects.get(title='a')
assert [tag.name for tag in post.tags.all()] == ['t'], post
assert [it.draft.note for it in post.related.all()] == ['n'] and Draft.objects.count() == 1
assert LatePost.objects.filter(comment__text='hi', tags__name='t').get() == post
assert [item.name for item in Order.objects.get().items.all()] == ['i']
with connection.cursor() as cursor:
    cursor.execute('SELECT p.title, t.tag_id FROM blog_post p JOIN blog_post_tags t ON t.post_id = p.id')
    assert len(cursor.fetchall()) == 1
print(sorted(connection.introspection.table_names()))
";

/// Django itself sees no difference between models, history and the database that was moved, nor on a new one.
#[test]
fn django_goes_on_with_the_tables_under_their_new_names() {
    const RENAMED: [(&str, &str); 6] = [
        ("blog_post", "order"),
        ("blog_tag", "Tags"),
        ("blog_draft", "sketch"),
        ("blog_comment", "remark"),
        ("store_order", "Purchase"),
        ("store_order_items", "purchase_item"),
    ];
    let names: String = RENAMED.iter().map(|(old, new)| format!("{old} = \"{new}\"\n")).collect();
    let config =
        "from django.apps import AppConfig\n\n\nclass ShopConfig(AppConfig):\n    name = 'shop'\n    label = 'store'\n";
    let sandbox = Sandbox::new()
        .file("dbguard.toml", format!("[primary]\npath = \"app.db\"\n\n[tables]\n{names}"))
        .file("settings.py", SITE_SETTINGS)
        .file("blog/__init__.py", "")
        .file("blog/models.py", BLOG_MODELS)
        .file("shop/__init__.py", "")
        .file("shop/apps.py", config)
        .file("shop/models.py", SHOP_MODELS)
        .file("fill.py", FILL)
        .file("look.py", LOOK);
    let python = |arguments: &[&str]| {
        let mut command = crate::tools::tool("python");
        command.args(arguments).current_dir(sandbox.path());
        command.env("DJANGO_SETTINGS_MODULE", "settings").env("PYTHONPATH", sandbox.path());
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {said}");
        said
    };
    python(&["-m", "django", "makemigrations", "-v0", "blog", "store"]);
    python(&["-m", "django", "migrate", "-v0"]);
    python(&["fill.py"]);
    let before = python(&["look.py"]);
    let run = sandbox.run(&["fix", "--unsafe", "--select", "retired-table"]);
    assert!(run.stderr.contains("Fixed") && !run.stderr.contains("stay"), "{}{}", run.stdout, run.stderr);
    let database = rusqlite::Connection::open(sandbox.path().join("app.db")).unwrap();
    for (old, new) in RENAMED {
        database.execute_batch(&format!("ALTER TABLE \"{old}\" RENAME TO \"{new}\"")).unwrap();
    }
    drop(database);
    // What `migrate` moved.
    let tables = |page: &str| {
        let mut tables: Vec<String> =
            page.split(['[', ']', ',', '\'', ' ', '\n']).filter(|it| !it.is_empty()).map(str::to_owned).collect();
        tables.sort();
        tables
    };
    let mut expected = tables(&before);
    for (old, new) in RENAMED {
        expected.iter_mut().filter(|table| *table == old).for_each(|table| new.clone_into(table));
    }
    expected.sort();
    assert_eq!(tables(&python(&["look.py"])), expected);
    python(&["-m", "django", "makemigrations", "--check", "--dry-run"]);
    python(&["-m", "django", "migrate", "--check"]);
    // A new one.
    std::fs::remove_file(sandbox.path().join("app.db")).unwrap();
    python(&["-m", "django", "migrate", "-v0"]);
    python(&["fill.py"]);
    assert_eq!(tables(&python(&["look.py"])), expected);
}
